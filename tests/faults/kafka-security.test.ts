import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createKafkaTopic } from '../../src/kafka/kafka-topic.js';
import type { KafkaCluster } from '../../src/kafka/connection.js';
import { usedDataDir } from '../support/embedded.js';
import { createKafka, HAS_KAFKA, type KafkaBroker } from '../support/kafka.js';
import { readTopic } from '../support/kafka-reader.js';
import { createdOrder } from '../support/order-requests.js';
import { startProcess } from '../support/process.js';

if (!HAS_KAFKA) process.stdout.write('SKIPPED: Kafka is not installed. See install_kafka in .ci/run.\n');

const CREDENTIALS = { username: 'ordergraph', password: 'a password of tests' };
const log = pino({ level: 'silent' });

describe.skipIf(!HAS_KAFKA)('a Kafka broker with TLS and SASL', () => {
  let kafka: KafkaBroker;
  beforeAll(async () => {
    kafka = await createKafka({}, CREDENTIALS);
    await kafka.start();
  });
  afterAll(() => kafka.remove());

  /** Publishes one record. */
  async function publish(cluster: Partial<KafkaCluster>): Promise<void> {
    const { address = '', certificateFile = '' } = kafka.secure ?? {};
    const topic = createKafkaTopic({
      brokers: [address],
      tls: { ca: readFileSync(certificateFile, 'utf8') },
      sasl: { mechanism: 'PLAIN', ...CREDENTIALS },
      name: 'order_events',
      partitions: 1,
      replication: 1,
      log,
      ...cluster,
    });
    onTestFinished(() => topic.close());
    const record = { key: 'a', value: JSON.stringify({ version: 1 }), headers: {} };
    await topic.publish([record], new AbortController().signal);
  }

  test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)('accepts records by %s', async (mechanism) => {
    await publish({ sasl: { mechanism, ...CREDENTIALS } });
  });

  test.each([
    ['a wrong password', { sasl: { mechanism: 'SCRAM-SHA-256', ...CREDENTIALS, password: 'wrong' } }, /authenticat/i],
    ['no authentication', { sasl: null }, /./],
    ['another certificate authority', { tls: { ca: null } }, /self-signed certificate/],
    ['no encryption', { tls: null }, /./],
  ] as const)('rejects a client with %s', async (_what, cluster, message) => {
    await expect(publish(cluster)).rejects.toThrow(message);
  });

  test('receives the events of a server that is configured by variables', async () => {
    const { address = '', certificateFile = '' } = kafka.secure ?? {};
    const server = await startProcess({
      DATA_DIR: await usedDataDir(),
      KAFKA_BROKERS: address,
      KAFKA_SSL: 'on',
      KAFKA_SSL_CA_FILE: certificateFile,
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SASL_USERNAME: CREDENTIALS.username,
      KAFKA_SASL_PASSWORD: CREDENTIALS.password,
    });
    const { id } = await createdOrder(server);
    const keys = async () => (await readTopic(kafka.address)).map(({ key }) => key);
    await expect.poll(keys, { timeout: 30_000, interval: 500 }).toContain(id);
  });
});
