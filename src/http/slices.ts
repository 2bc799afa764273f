/** Work of a cost up to this runs beside other light work; what costs more runs one at a time. */
const LIGHT_COST = 1_000;
/** Most cost of light work at once. */
const MAX_LIGHT_COST = 2_000;
/** Work is begun for this long before the event loop gets its turn. */
const SLICE_MS = 5;

/** Runs work when its turn comes. @returns what the work answers */
export type RunInSlices = <T>(cost: number, work: () => T | Promise<T>) => Promise<T>;

/**
 * Shares the event loop between the answers to events and everything else: work is begun in the order of its calls, a
 * bounded cost of it is under way at once, and other events of the loop come in between. Heavy work does not keep light
 * work waiting.
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
  const waiting = new Set<Waiting>(); // a set keeps the order and drops its first member at no cost
  let running = 0;
  let sliceEnd: number | null = null; // null until work is begun in this turn of the event loop

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
      if (running > 0 && running + entry.cost > maxCost) return; // the end of what runs begins the next
      if (!isInSlice()) return; // the next turn begins the next
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
