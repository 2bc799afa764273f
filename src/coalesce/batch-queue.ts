import type { Lanes } from '../orders/interfaces/lanes.js';

export interface BatchQueueOptions<E> {
  readonly lanes: Lanes;
  readonly maxBatch: number;
  /** Only entries of one group share a batch. */
  readonly groupOf: (entry: E) => string;
  /** Runs one batch, in one lane. Must not reject. */
  readonly run: (entries: readonly E[]) => Promise<void>;
}

/** Adds an entry to the batch of its group that waits for a lane, or to a new one. */
export type AddToBatch<E> = (entry: E) => void;

interface Batch<E> {
  readonly group: string;
  readonly entries: E[];
}

/** Batches that run in the order of their first entries, each in a lane of its own. */
export function createBatchQueue<E>({ lanes, maxBatch, groupOf, run }: BatchQueueOptions<E>): AddToBatch<E> {
  const waiting: Batch<E>[] = [];
  const open = new Map<string, Batch<E>>(); // of each group the last one that waits

  /** One batch of this queue stands in the lanes at a time, so that queues which share lanes take turns. */
  function start(release: () => void): void {
    const batch = waiting.shift();
    if (waiting.length > 0) lanes.enter(start);
    if (batch === undefined) throw new Error('a lane was entered without a batch');
    if (open.get(batch.group) === batch) open.delete(batch.group);
    void run(batch.entries).finally(release);
  }

  return (entry) => {
    const group = groupOf(entry);
    const last = open.get(group);
    if (last !== undefined && last.entries.length < maxBatch) {
      last.entries.push(entry);
      return;
    }
    const batch: Batch<E> = { group, entries: [entry] };
    open.set(group, batch);
    waiting.push(batch);
    if (waiting.length === 1) lanes.enter(start);
  };
}
