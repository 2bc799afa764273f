import { createSecretKey } from 'node:crypto';
import { createHttpProductLookup } from '../catalogue/http-product-lookup.js';
import { createRedisProductCache } from '../catalogue/redis-product-cache.js';
import { coalesceReads } from '../coalesce/reader.js';
import { coalesceWrites } from '../coalesce/writer.js';
import type { Database } from '../database/database.js';
import { runInSpan } from '../observability/span.js';
import { serverSecret } from '../database/server-secret.js';
import { createPartMonitor } from '../observability/part-monitor.js';
import type { ProductLookup } from '../orders/interfaces/product-lookup.js';
import type { OrderDependencies } from '../orders/order-dependencies.js';
import type { RedisConnection } from '../redis/redis-connection.js';
import { createReader } from '../store/reader.js';
import { createBatchWriter } from '../store/write-batch.js';
import type { Setup, TracedSetup } from './setup.js';
import { observeBatches } from './traces.js';

export async function createOrders(
  { config, log, resources, metrics, parts, tracer }: TracedSetup,
  database: Database,
  redis: RedisConnection | null,
  onCommit: (orderIds: readonly string[]) => void,
): Promise<OrderDependencies> {
  const { statementTimeoutMs, connectTimeoutMs } = config.database;
  const batchWriter = createBatchWriter(database, {
    transactionTimeoutMs: 2 * statementTimeoutMs,
    maxWaitMs: connectTimeoutMs,
    onCommit: tracer === null ? onCommit : (orderIds) => runInSpan(null, () => onCommit(orderIds)), // it starts timers
    onTransaction: (outcome, durationMs) => metrics.database.transactionEnded(outcome, durationMs),
    log,
  });
  const observer = observeBatches(metrics.batches, tracer);
  const writer = coalesceWrites(batchWriter, config.writes, observer);
  resources.defer(() => writer.idle());
  return {
    writer,
    readerFor: coalesceReads(createReader(database, config.reads, log), config.reads, observer),
    productLookup: productLookupOf({ config, log, metrics, parts }, redis),
    fingerprintSecret: createSecretKey(await serverSecret(database, 'fingerprint')),
  };
}

function productLookupOf(
  { config: { catalogue }, log, metrics, parts }: Pick<Setup, 'config' | 'log' | 'metrics' | 'parts'>,
  redis: RedisConnection | null,
): ProductLookup | null {
  if (catalogue.kind === 'none') return null;
  const monitor = createPartMonitor();
  parts.set('productService', monitor.state);
  const { url: serviceUrl, cacheSeconds } = catalogue;
  const isShared = redis !== null && cacheSeconds > 0;
  const cache = isShared ? createRedisProductCache({ redis, serviceUrl, cacheMs: cacheSeconds * 1_000, log }) : null;
  return createHttpProductLookup(
    { ...catalogue, onLookup: (source) => metrics.products.lookedUp(source), monitor },
    log,
    cache,
  );
}
