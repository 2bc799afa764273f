import { fulfilmentHandlerOf } from './consumers.js';
import { watchFulfilment } from './metrics.js';
import type { Database } from '../database/database.js';
import { startFulfilmentWorker } from '../fulfilment/worker.js';
import type { OrderDependencies } from '../orders/order-dependencies.js';
import type { TracedSetup } from './setup.js';

interface FulfilmentParts {
  readonly database: Database;
  readonly url: string;
  readonly orders: OrderDependencies;
}

/** Works off the jobs of the consumer `fulfilment`. @returns a function that begins to hand over the jobs to other servers */
export async function startFulfilment(
  { config, log, resources, metrics, tracer }: TracedSetup,
  { database, url, orders }: FulfilmentParts,
): Promise<() => void> {
  const handler = fulfilmentHandlerOf(config);
  if (handler === null) return () => undefined;
  const worker = await startFulfilmentWorker({
    url,
    connectTimeoutMs: config.database.connectTimeoutMs,
    graceMs: config.shutdownGraceMs,
    handler,
    orders,
    tracer,
    log,
  });
  resources.defer(() => worker.close());
  watchFulfilment(metrics, database, log);
  return () => {
    worker.close().catch(() => undefined); // reported by the step above, which awaits the same promise
  };
}
