import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { coalesceReads } from '../../src/coalesce/reader.js';
import { coalesceWrites } from '../../src/coalesce/writer.js';
import { readConfig } from '../../src/config.js';
import { startConsumers } from '../../src/events/consumers/consumer-runner.js';
import { fulfilmentConsumer } from '../../src/fulfilment/fulfilment-consumer.js';
import { prepareJobSchema } from '../../src/fulfilment/job-schema.js';
import { startFulfilmentWorker, type FulfilmentWorker } from '../../src/fulfilment/worker.js';
import type { FulfilmentHandler } from '../../src/orders/interfaces/fulfilment-handler.js';
import { createEventLog } from '../../src/store/event-log.js';
import { createReader } from '../../src/store/reader.js';
import { readArrivals } from '../../src/store/statements/read-arrivals.js';
import { createBatchWriter } from '../../src/store/write-batch.js';
import { storeForTest } from './fixture.js';

const log = pino({ level: 'silent' });

/** Runs fulfilment by a handler in this process, beside a server that assigns the positions of the events. */
export async function fulfilmentForTest(
  database: { readonly url: string },
  handler: FulfilmentHandler,
  graceMs = 10_000,
): Promise<FulfilmentWorker> {
  await prepareJobSchema(database.url, true, log);
  const store = storeForTest(database);
  const { writes, reads } = readConfig({});
  const batchWriter = createBatchWriter(store, {
    transactionTimeoutMs: 10_000,
    maxWaitMs: 5_000,
    onCommit: () => undefined,
    log,
  });
  const consumers = await startConsumers({
    consumers: [fulfilmentConsumer(handler.steps, readArrivals)],
    database: store,
    eventLog: createEventLog(store),
    holder: randomUUID(),
    pollMs: 100,
    log,
  });
  onTestFinished(() => consumers.close());
  const worker = await startFulfilmentWorker({
    url: database.url,
    connectTimeoutMs: 5_000,
    graceMs,
    handler,
    orders: {
      writer: coalesceWrites(batchWriter, writes),
      readerFor: coalesceReads(createReader(store, reads, log), reads),
    },
    tracer: null,
    log,
  });
  onTestFinished(() => worker.close());
  return worker;
}

interface Queryable {
  readonly sql: <T extends object>(text: string, values?: unknown[]) => Promise<T[]>;
}

/** The statuses of an order, the first one first. */
export async function statusesOf(database: Queryable, id: string): Promise<readonly string[]> {
  const rows = await database.sql<{ status: string }>(
    'SELECT to_status AS status FROM order_events WHERE order_id = $1 AND to_status IS NOT NULL ORDER BY version',
    [id],
  );
  return rows.map(({ status }) => status);
}

/** Waits of a test that involve the job queue. */
export const JOBS = { timeout: 30_000, interval: 50 };

/** The number of steps that are queued or in progress. */
export async function countSteps(database: Queryable): Promise<number> {
  const [row] = await database.sql<{ steps: number }>(
    "SELECT count(*)::int AS steps FROM ordergraph_jobs.job WHERE name = 'fulfilment' AND state < 'completed'",
  );
  return row?.steps ?? 0;
}
