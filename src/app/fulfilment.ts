import { fulfilmentHandlerOf } from './consumers.js';
import { startFulfilmentWorker } from '../fulfilment/worker.js';
import type { OrderDependencies } from '../orders/order-dependencies.js';
import type { TracedSetup } from './setup.js';

/** Works off the jobs of the consumer `fulfilment`. */
export async function startFulfilment(
  { config, log, resources, tracer }: TracedSetup,
  url: string,
  orders: OrderDependencies,
) {
  const handler = fulfilmentHandlerOf(config);
  if (handler === null) return;
  const { database, shutdownGraceMs: graceMs } = config;
  const worker = await startFulfilmentWorker({
    url,
    connectTimeoutMs: database.connectTimeoutMs,
    graceMs,
    handler,
    orders,
    tracer,
    log,
  });
  resources.defer(() => worker.close());
}
