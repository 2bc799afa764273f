import { setTimeout as sleep } from 'node:timers/promises';

export interface Pacing {
  /** Runs a batch, after the rest that follows the one before it. */
  run<T>(batch: () => Promise<T>): Promise<T>;
}

/** Maximum rest after a batch, as a multiple of its duration. */
const MAX_REST_FACTOR = 20;
/** A batch may be long because it waits for another system. */
const MAX_REST_MS = 5_000;
const MIN_SLICE_MS = 50;
/** The server has little else to do if its event loop works for less than this share of a slice. */
const IDLE_UTILIZATION = 0.2;

/**
 * Limits the share of the time in which batches run, so that a backlog of steps does not slow the requests of clients
 * down. A rest consists of slices as long as the batch; it ends after one in which the server had little else to do.
 *
 * @param closing ends the rests
 */
export function createPacing(closing: AbortSignal): Pacing {
  let rest: Promise<void> = Promise.resolve();

  async function restAfter(batchMs: number): Promise<void> {
    const end = performance.now() + Math.min(batchMs * MAX_REST_FACTOR, MAX_REST_MS);
    const sliceMs = Math.max(batchMs, MIN_SLICE_MS);
    while (performance.now() < end && !closing.aborted) {
      const before = performance.eventLoopUtilization();
      await sleepUnless(closing, Math.min(sliceMs, end - performance.now()));
      if (performance.eventLoopUtilization(before).utilization < IDLE_UTILIZATION) return;
    }
  }

  return {
    async run(batch) {
      await rest;
      const began = performance.now();
      try {
        return await batch();
      } finally {
        rest = restAfter(performance.now() - began);
      }
    },
  };
}

async function sleepUnless(signal: AbortSignal, ms: number): Promise<void> {
  const ended = new AbortController();
  const end = () => ended.abort();
  signal.addEventListener('abort', end, { once: true });
  await sleep(ms, undefined, { signal: ended.signal, ref: false }).catch((cause: unknown) => {
    if (!ended.signal.aborted) throw cause;
  });
  signal.removeEventListener('abort', end);
}
