/** Work up to this cost is light and runs concurrently. Heavier work runs one at a time. */
const LIGHT_COST = 1_000;
/** Maximum total cost of concurrent light work. */
const MAX_LIGHT_COST = 2_000;
/** Work is started for this long before control returns to the event loop. */
const SLICE_MS = 5;

/** Runs work when its turn comes. @returns the result of the work */
export type RunInSlices = <T>(cost: number, work: () => T | Promise<T>) => Promise<T>;

/**
 * Shares the event loop between the delivery of events and everything else. Work starts in the order of the calls, its
 * concurrent cost is limited, and the event loop runs other tasks in between. Heavy work does not delay light work.
 */
export function createSlices(): RunInSlices {
  const light = createQueue(MAX_LIGHT_COST);
  const heavy = createQueue(LIGHT_COST);
  return async (cost, work) => (cost <= LIGHT_COST ? light : heavy)(cost, work);
}

interface Waiting {
  readonly cost: number;
  readonly start: () => Promise<void>;
}

function createQueue(maxCost: number): RunInSlices {
  const waiting = new Set<Waiting>(); // a set keeps the order and removes its first element in constant time
  let running = 0;
  let sliceEnd: number | null = null; // null until work starts in this turn of the event loop

  function isInSlice(): boolean {
    if (sliceEnd === null) {
      sliceEnd = performance.now() + SLICE_MS;
      setImmediate(() => {
        sliceEnd = null;
        begin();
      });
    }
    return performance.now() <= sliceEnd;
  }

  function begin(): void {
    for (const entry of waiting) {
      if (running > 0 && running + entry.cost > maxCost) return; // the next one starts when running work ends
      if (!isInSlice()) return; // the next one starts in the next turn
      waiting.delete(entry);
      running += entry.cost;
      void entry.start().finally(() => {
        running -= entry.cost;
        begin();
      });
    }
  }

  return async (cost, work) =>
    new Promise((resolve, reject) => {
      const start = async () => {
        try {
          resolve(await work());
        } catch (cause) {
          reject(cause);
        }
      };
      waiting.add({ cost, start });
      begin();
    });
}
