import { fulfilmentHandlerOf } from './consumers.js';
import { startFulfilmentWorker } from '../fulfilment/worker.js';
import type { OrderDependencies } from '../orders/order-dependencies.js';
import type { Setup } from './setup.js';

/** Works off the jobs of the consumer `fulfilment`. @returns begins to hand over the jobs to other servers */
export async function startFulfilment(
  { config, log, resources }: Setup,
  url: string,
  orders: OrderDependencies,
): Promise<() => void> {
  const handler = fulfilmentHandlerOf(config);
  if (handler === null) return () => undefined;
  const { database, shutdownGraceMs: graceMs } = config;
  const worker = await startFulfilmentWorker({
    url,
    connectTimeoutMs: database.connectTimeoutMs,
    graceMs,
    handler,
    orders,
    log,
  });
  resources.defer(() => worker.close());
  return () => {
    worker.close().catch(() => undefined); // reported by the step above, which awaits the same promise
  };
}
