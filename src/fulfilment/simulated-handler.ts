import type { FulfilmentHandler } from '../orders/interfaces/fulfilment-handler.js';

/** Advances each order as a warehouse would, without one: to PROCESSING at once, to COMPLETED after a while. */
export function simulatedHandler({ completeAfterMs }: { readonly completeAfterMs: number }): FulfilmentHandler {
  return {
    steps: { PENDING: { delayMs: 0 }, PROCESSING: { delayMs: completeAfterMs } },
    batchSize: 200,
    batches: 1,
    timeoutMs: 10_000,
    advance: async ({ status }) => ({ kind: 'advance', to: status === 'PENDING' ? 'PROCESSING' : 'COMPLETED' }),
  };
}
