import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createKafka, HAS_KAFKA } from '../support/kafka.js';
import { readTopic, type ReadRecord } from '../support/kafka-reader.js';
import { startOtlpReceiver } from '../support/otlp-receiver.js';
import { run, temporaryFolder } from '../support/process.js';
import { SKIPS_REDIS, useRedis } from '../support/redis.js';
import { childrenOf, createTea, only, PARENT, TRACE_ID } from '../support/traces.js';

if (!HAS_KAFKA) process.stdout.write('SKIPPED: Kafka is not installed. See install_kafka in .ci/run.\n');

/** A product service with one product. */
async function startProductService(): Promise<string> {
  const products = createServer((_request, response) =>
    response.end(JSON.stringify({ id: 'green', name: 'Green tea', price: '4.20', currency: 'USD' })),
  );
  await new Promise<void>((resolve) => products.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void products.close());
  return `http://127.0.0.1:${(products.address() as AddressInfo).port}`;
}

describe.skipIf(SKIPS_REDIS || !HAS_KAFKA)('with Redis and Kafka', () => {
  const redis = useRedis();

  test('a mutation is one trace through Redis, the product service and PostgreSQL, and is linked from Kafka; SIGTERM exports the last spans', async () => {
    const kafka = await createKafka();
    onTestFinished(() => kafka.remove());
    const [receiver, products, folder] = await Promise.all([
      startOtlpReceiver(),
      startProductService(),
      temporaryFolder(),
      kafka.start(),
    ]);
    const server = await run({
      DATA_DIR: path.join(folder, 'data'),
      REDIS_URL: redis.url,
      RATE_LIMIT: 'on',
      KAFKA_BROKERS: kafka.address,
      PRODUCT_SERVICE_URL: products,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      LOG_FORMAT: 'json',
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
    });
    if (!('pid' in server)) throw new Error(server.stderr);
    const isReady = async () => (await redis.command<string>('CLIENT', 'LIST')).split('\n').length > 2;
    await expect.poll(isReady).toBe(true);
    const items = [{ productId: 'green', quantity: 1 }];
    await createTea(server.url); // no trace
    await createTea(server.url, PARENT, { items });
    let records: readonly ReadRecord[] = [];
    await expect.poll(async () => (records = await readTopic(kafka.address)).length, { timeout: 20_000 }).toBe(2);
    expect((await server.end('SIGTERM')).code).toBe(0);

    const operation = only(receiver, 'mutation');
    expect(operation.traceId).toBe(TRACE_ID);
    expect(childrenOf(receiver, operation)).toEqual(
      expect.arrayContaining(['EVALSHA', 'MGET', 'GET', 'SET', 'batch write']),
    );
    expect(only(receiver, 'MGET').attributes).toMatchObject({ 'db.system.name': 'redis', 'db.operation.name': 'MGET' });
    const lines = server.output().split('\n');
    const traced = lines.filter((line) => line.includes('request ended') && line.includes('traceId'));
    const { spanId } = only(receiver, 'POST /graphql');
    expect(traced.map((line) => JSON.parse(line) as object)).toMatchObject([{ traceId: TRACE_ID, spanId }]);
    const context = `00-${TRACE_ID}-${operation.spanId}-01`;
    const contexts = records.map(({ headers: { traceparent = '' } }) => traceparent);
    expect(contexts.toSorted()).toEqual(['', context]);
    const sent = only(receiver, 'send order_events');
    expect(sent.links).toMatchObject([{ traceId: TRACE_ID, spanId: operation.spanId }]);
    expect(sent.attributes).toMatchObject({
      'messaging.system': 'kafka',
      'messaging.destination.name': 'order_events',
      'messaging.operation.type': 'send',
    });
    expect(receiver.bodies.join('')).not.toMatch(/Green tea|green/);
  });
});
