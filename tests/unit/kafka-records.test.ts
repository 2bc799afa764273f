import { expect, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { batchesOf, halves } from '../../src/kafka/record-batches.js';
import type { TopicRecord } from '../../src/orders/interfaces/event-topic.js';

const recordsOf = (...sizes: readonly number[]): readonly TopicRecord[] =>
  sizes.map((size, index) => ({ key: String(index), value: 'x'.repeat(size), headers: {} }));

const keysOf = (batches: readonly (readonly TopicRecord[])[]) => batches.map((batch) => batch.map(({ key }) => key));

test('records are split into batches of bounded size, in sequence', () => {
  expect(keysOf(batchesOf(recordsOf(300, 300, 300, 300), 800))).toEqual([
    ['0', '1'],
    ['2', '3'],
  ]);
  expect(keysOf(batchesOf(recordsOf(100, 5_000, 100), 800))).toEqual([['0'], ['1'], ['2']]);
  expect(batchesOf([], 800)).toEqual([]);
});

test('the halves of a batch keep its sequence', () => {
  expect(keysOf(halves(recordsOf(1, 1, 1)))).toEqual([['0', '1'], ['2']]);
});

test.each(['broker', 'broker:0', 'broker:65536', 'a:1,', 'kafka://a:1', 'a b:1'])(
  'KAFKA_BROKERS cannot be "%s"',
  (brokers) => {
    expect(() => readConfig({ KAFKA_BROKERS: brokers })).toThrow('KAFKA_BROKERS must be host:port');
  },
);

test('Kafka is configured by its brokers', () => {
  expect(readConfig({}).kafka).toBeNull();
  const env = { KAFKA_BROKERS: 'kafka-1.example:9092, 10.0.0.2:65535', KAFKA_TOPIC_REPLICATION: '3' };
  expect(readConfig(env).kafka).toEqual({
    brokers: ['kafka-1.example:9092', '10.0.0.2:65535'],
    partitions: 12,
    replication: 3,
    tls: null,
    sasl: null,
  });
  expect(() => readConfig({ KAFKA_TOPIC_REPLICATION: '0' })).toThrow(
    'KAFKA_TOPIC_REPLICATION must be a whole number from 1 to 32767; it is "0"',
  );
});

test('TLS and SASL of Kafka are configured together with what they need', () => {
  const kafkaOf = (env: Record<string, string>) => readConfig({ KAFKA_BROKERS: 'kafka:9093', ...env }).kafka;
  expect(kafkaOf({ KAFKA_SSL: 'on' })).toMatchObject({ tls: { caFile: null }, sasl: null });
  expect(kafkaOf({ KAFKA_SSL: 'on', KAFKA_SSL_CA_FILE: 'ca.pem' })).toMatchObject({ tls: { caFile: 'ca.pem' } });
  const sasl = { KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256', KAFKA_SASL_USERNAME: 'a', KAFKA_SASL_PASSWORD: 'secret' };
  expect(kafkaOf(sasl)).toMatchObject({ sasl: { mechanism: 'SCRAM-SHA-256', username: 'a', password: 'secret' } });
  const { KAFKA_SASL_MECHANISM: _mechanism, ...credentials } = sasl;
  expect(() => kafkaOf(credentials)).toThrow('require KAFKA_SASL_MECHANISM');
  expect(() => kafkaOf({ ...sasl, KAFKA_SASL_PASSWORD: '' })).toThrow(
    'KAFKA_SASL_MECHANISM=SCRAM-SHA-256 requires KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
  );
  expect(() => kafkaOf({ KAFKA_SSL_CA_FILE: 'ca.pem' })).toThrow('KAFKA_SSL_CA_FILE requires KAFKA_SSL=on');
});
