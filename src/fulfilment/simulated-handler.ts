import type { FulfilmentHandler } from '../orders/interfaces/fulfilment-handler.js';

/** Simulates a warehouse: advances each order to PROCESSING at once, and to COMPLETED after a configured time. */
export function simulatedHandler({ completeAfterMs }: { readonly completeAfterMs: number }): FulfilmentHandler {
  return {
    steps: { PENDING: { delayMs: 0 }, PROCESSING: { delayMs: completeAfterMs } },
    batchSize: 200,
    batches: 1,
    timeoutMs: 10_000,
    advance: async ({ status }) => ({ kind: 'advance', to: status === 'PENDING' ? 'PROCESSING' : 'COMPLETED' }),
  };
}
