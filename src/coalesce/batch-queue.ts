import type { Lanes } from '../orders/interfaces/lanes.js';

export interface BatchQueueOptions<E> {
  readonly lanes: Lanes;
  /** Maximum size of the batch that an entry begins. */
  readonly maxBatchOf: (entry: E) => number;
  readonly sizeOf: (entry: E) => number;
  /** Only entries of one group share a batch. */
  readonly groupOf: (entry: E) => string;
  /** Runs one batch in one lane. Must not reject. */
  readonly run: (entries: readonly E[]) => Promise<void>;
}

export interface BatchQueue<E> {
  /** Adds an entry to the queued batch of its group, or to a new batch if there is none or it has no room. */
  add(entry: E): void;
  /** The entries whose batches have not started. */
  waiting(): readonly E[];
}

interface Batch<E> {
  readonly group: string;
  readonly entries: E[];
  /** The size that it still has room for. */
  room: number;
}

/** Runs batches in the sequence of their first entries, each in its own lane. */
export function createBatchQueue<E>(options: BatchQueueOptions<E>): BatchQueue<E> {
  const { lanes, maxBatchOf, sizeOf, groupOf, run } = options;
  const waiting: Batch<E>[] = [];
  const open = new Map<string, Batch<E>>(); // the last queued batch of each group

  /** Only one batch of this queue waits for a lane at a time, so that queues which share lanes take turns. */
  function start(release: () => void): void {
    const batch = waiting.shift();
    if (waiting.length > 0) lanes.enter(start);
    if (batch === undefined) throw new Error('a lane was entered without a batch');
    if (open.get(batch.group) === batch) open.delete(batch.group);
    void run(batch.entries).finally(release);
  }

  function add(entry: E): void {
    const group = groupOf(entry);
    const size = sizeOf(entry);
    const last = open.get(group);
    if (last !== undefined && last.room >= size) {
      last.entries.push(entry);
      last.room -= size;
      return;
    }
    const batch: Batch<E> = { group, entries: [entry], room: maxBatchOf(entry) - size };
    open.set(group, batch);
    waiting.push(batch);
    if (waiting.length === 1) lanes.enter(start);
  }

  return { add, waiting: () => waiting.flatMap(({ entries }) => entries) };
}
