import { Socket } from 'node:net';
import { Consumer } from '@platformatic/kafka';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createKafkaTopic } from '../../src/kafka/kafka-topic.js';
import type { EventTopic, TopicRecord } from '../../src/orders/interfaces/event-topic.js';
import { createKafka, HAS_KAFKA, type KafkaBroker } from '../support/kafka.js';
import { readTopic, withAdmin } from '../support/kafka-reader.js';

if (!HAS_KAFKA) process.stdout.write('SKIPPED: Kafka is not installed. See install_kafka in .ci/run.\n');

const NAME = 'order_events';

function recordOf(key: string, version: number, padding = ''): TopicRecord {
  const value = JSON.stringify({ id: `event:${key}:${version}`, version, padding });
  return { key, value, headers: { 'event-id': `event:${key}:${version}` } };
}

const recordsOf = (count: number, padding = '') =>
  Array.from({ length: count }, (_, index) => recordOf(`order ${index % 7}`, index + 1, padding));

/** The `acks` of a Produce request as it is sent, which follow the client id and an empty transactional id. */
function acksOf(request: Buffer): number[] {
  const [apiKey, clientIdLength] = [request.readInt16BE(4), request.readInt16BE(12)];
  return apiKey === 0 ? [request.readInt16BE(14 + clientIdLength + 2)] : [];
}

test('CI has a Kafka broker', () => {
  expect(HAS_KAFKA || process.env['CI'] !== 'true').toBe(true);
});

describe.skipIf(!HAS_KAFKA)('a topic in Kafka', () => {
  let kafka: KafkaBroker;
  beforeAll(async () => {
    kafka = await createKafka();
    await kafka.start();
  });
  afterAll(() => kafka.remove());

  beforeEach(async () => {
    await withAdmin(kafka.address, async (admin) => {
      if ((await admin.listTopics()).includes(NAME)) await admin.deleteTopics({ topics: [NAME] });
      await expect.poll(() => admin.listTopics()).toEqual([]);
    });
  });

  function topicOf(): EventTopic {
    const log = pino({ level: 'silent' });
    const topic = createKafkaTopic({
      brokers: [kafka.address],
      tls: null,
      sasl: null,
      name: NAME,
      partitions: 5,
      replication: 1,
      log,
    });
    onTestFinished(() => topic.close());
    return topic;
  }

  const publish = (topic: EventTopic, records: readonly TopicRecord[]) =>
    topic.publish(records, new AbortController().signal);

  const createTopic = (settings: Readonly<Record<string, string>>, partitions = 3) =>
    withAdmin(kafka.address, async (admin) => {
      const configs = Object.entries(settings).map(([name, value]) => ({ name, value }));
      await admin.createTopics({ topics: [NAME], partitions, configs });
    });

  const partitionsNow = () =>
    withAdmin(kafka.address, async (admin) => {
      const { topics } = await admin.metadata({ topics: [NAME] });
      return topics.get(NAME)?.partitions.length;
    });

  test('is created with its partitions, and stores the records of a key in order in one partition', async () => {
    await publish(topicOf(), recordsOf(3_000, 'x'.repeat(500)));
    expect(await partitionsNow()).toBe(5);
    const records = await readTopic(kafka.address);
    expect(records).toHaveLength(3_000);
    for (const key of new Set(records.map((record) => record.key))) {
      const ofKey = records.filter((record) => record.key === key);
      expect(new Set(ofKey.map(({ partition }) => partition)).size).toBe(1);
      const versions = ofKey.map(({ message }) => message.version);
      expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    }
  });

  test('is used as it is if it exists', async () => {
    await createTopic({}, 2);
    await publish(topicOf(), recordsOf(10));
    expect(await partitionsNow()).toBe(2);
  });

  test('stores records by an idempotent producer', async () => {
    await createTopic({}, 1);
    const topic = topicOf();
    await publish(topic, recordsOf(3));
    await publish(topic, recordsOf(2));
    const consumer = new Consumer({ clientId: 'test', groupId: 'test', bootstrapBrokers: [kafka.address] });
    onTestFinished(() => consumer.close());
    const { topics } = await consumer.metadata({ topics: [NAME] });
    const from = { partition: 0, currentLeaderEpoch: -1, fetchOffset: 0n, lastFetchedEpoch: -1 };
    const { responses } = await consumer.fetch({
      node: 1,
      topics: [{ topicId: topics.get(NAME)?.id ?? '', partitions: [{ ...from, partitionMaxBytes: 1_000_000 }] }],
    });
    const batches = responses[0]?.partitions[0]?.records ?? [];
    expect(batches.map(({ firstSequence }) => firstSequence)).toEqual([0, 3]); // -1 without idempotence
    expect(batches.every(({ producerId }) => producerId >= 0n)).toBe(true);
  });

  test('acknowledges records when all in-sync replicas have them', async () => {
    const write = vi.spyOn(Socket.prototype, 'write');
    onTestFinished(() => write.mockRestore());
    await publish(topicOf(), recordsOf(1));
    const requests = write.mock.calls.flatMap(([bytes]) => (Buffer.isBuffer(bytes) ? acksOf(bytes) : []));
    expect(new Set(requests)).toEqual(new Set([-1]));
  });

  test('is created again after it was deleted', async () => {
    const topic = topicOf();
    await publish(topic, recordsOf(10));
    await withAdmin(kafka.address, (admin) => admin.deleteTopics({ topics: [NAME] }));
    await expect.poll(async () => publish(topic, [recordOf('late', 1)]).then(() => 'stored', String)).toBe('stored');
    expect((await readTopic(kafka.address)).map(({ key }) => key)).toContain('late');
  });

  test('gets smaller batches if it rejects large ones, in order; a single record that is too large fails', async () => {
    await createTopic({ 'max.message.bytes': '2000' }, 1);
    const topic = topicOf();
    await publish(topic, recordsOf(100));
    const versions = (await readTopic(kafka.address)).map(({ message }) => message.version);
    expect(versions).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    const tooLarge = recordOf('a', 101, 'x'.repeat(3_000));
    await expect(publish(topic, [tooLarge])).rejects.toThrow(/a record of \d+ bytes is larger than the topic accepts/);
  });

  test('returns the newest record of each partition with records', async () => {
    const topic = topicOf();
    expect(await topic.newestRecords(new AbortController().signal)).toEqual([]);
    const records = recordsOf(500);
    await publish(topic, records);
    const newest = await topic.newestRecords(new AbortController().signal);
    const lastOf = new Map((await readTopic(kafka.address)).map((record) => [record.partition, record]));
    const idsOf = (of: readonly Pick<TopicRecord, 'headers'>[]) =>
      new Set(of.map(({ headers }) => headers['event-id']));
    expect(idsOf(newest)).toEqual(idsOf([...lastOf.values()]));
    expect(records).toContainEqual(newest[0]);
  });

  test('fails within five seconds while the broker hangs, at once on a signal, and works again afterwards', async () => {
    const topic = topicOf();
    await publish(topic, recordsOf(1));
    await kafka.pause();
    onTestFinished(() => kafka.resume());
    const began = performance.now();
    await expect(publish(topic, recordsOf(1))).rejects.toMatchObject({ name: 'TopicUnavailable' });
    expect(performance.now() - began).toBeLessThan(5_500);
    const aborted = performance.now();
    await expect(topic.publish(recordsOf(1), AbortSignal.timeout(100))).rejects.toMatchObject({
      name: 'TopicUnavailable',
    });
    expect(performance.now() - aborted).toBeLessThan(1_000);
    kafka.resume();
    await expect.poll(async () => publish(topic, recordsOf(1)).then(() => 'stored', String)).toBe('stored');
  });

  test('fails at once while no broker listens', async () => {
    await kafka.stop();
    const began = performance.now();
    await expect(publish(topicOf(), recordsOf(1))).rejects.toThrow(/ECONNREFUSED/);
    expect(performance.now() - began).toBeLessThan(2_000);
    await kafka.start();
    await publish(topicOf(), recordsOf(1));
  });
});
