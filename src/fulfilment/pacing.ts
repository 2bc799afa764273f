import { setTimeout as sleep } from 'node:timers/promises';

export interface Pacing {
  /** Runs a batch, after the rest that follows the one before it. */
  run<T>(batch: () => Promise<T>): Promise<T>;
}

/** How long fulfilment rests between batches, as a multiple of the duration of a batch. */
const REST = { idle: 1, busy: 10 };
/** A batch may be long because it waits for another system. */
const MAX_REST_MS = 3_000;
/** The server is busy if its event loop works for more than this share of a rest. */
const BUSY_UTILIZATION = 0.2;

/**
 * Limits the share of the time in which batches run, so that a backlog of steps does not slow the requests of clients
 * down. While the server has little else to do, batches follow each other after short rests.
 *
 * @param closing ends the rests
 */
export function createPacing(closing: AbortSignal): Pacing {
  let isBusy = true;
  let rest: Promise<void> = Promise.resolve();

  async function restFor(batchMs: number): Promise<void> {
    const before = performance.eventLoopUtilization();
    const ms = Math.min(batchMs * (isBusy ? REST.busy : REST.idle), MAX_REST_MS);
    await sleepUnless(closing, ms);
    isBusy = performance.eventLoopUtilization(before).utilization > BUSY_UTILIZATION;
  }

  return {
    async run(batch) {
      await rest;
      const began = performance.now();
      try {
        return await batch();
      } finally {
        rest = restFor(performance.now() - began);
      }
    },
  };
}

async function sleepUnless(signal: AbortSignal, ms: number): Promise<void> {
  const ended = new AbortController();
  const end = () => ended.abort();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  await sleep(ms, undefined, { signal: ended.signal, ref: false }).catch((cause: unknown) => {
    if (!ended.signal.aborted) throw cause;
  });
  signal.removeEventListener('abort', end);
}
