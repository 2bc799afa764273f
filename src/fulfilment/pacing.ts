export interface Pacing {
  /** Runs a batch, after the rest that follows the one before it. */
  run<T>(batch: () => Promise<T>): Promise<T>;
}

/** How long fulfilment rests, as a multiple of the duration of a batch. */
const REST_FACTOR = 4;
/** A batch may be long because it waits for another system. */
const MAX_REST_MS = 1_000;

/**
 * Limits the share of the time in which batches run. A loaded database makes batches longer and therefore the rests, so
 * that a backlog of steps does not slow the requests of clients down.
 *
 * @param closing ends the rests
 */
export function createPacing(closing: AbortSignal): Pacing {
  let restsUntil = 0;
  return {
    async run(batch) {
      await restUntil(restsUntil, closing);
      const began = performance.now();
      try {
        return await batch();
      } finally {
        const now = performance.now();
        restsUntil = now + Math.min(REST_FACTOR * (now - began), MAX_REST_MS);
      }
    },
  };
}

async function restUntil(time: number, closing: AbortSignal): Promise<void> {
  const ms = time - performance.now();
  if (ms <= 0 || closing.aborted) return;
  const rested = Promise.withResolvers<void>();
  const timer = setTimeout(rested.resolve, ms);
  const end = () => rested.resolve();
  closing.addEventListener('abort', end, { once: true });
  await rested.promise;
  clearTimeout(timer);
  closing.removeEventListener('abort', end);
}
