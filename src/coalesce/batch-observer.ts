import type { Caller } from '../orders/interfaces/caller.js';

/** A batch about to run. */
export interface ObservedBatch {
  /** `write`, or the name of the read: `order`, `items`, … */
  readonly kind: string;
  /** Number of its commands or distinct keys. */
  readonly size: number;
  /** The callers of its commands or reads, with repetitions. */
  readonly callers: readonly Caller[];
}

/** Measures or traces batches. Without an observer, batches run directly. */
export interface BatchObserver {
  /**
   * Runs the work of a batch once and returns its results unchanged. Reads reject if they fail; a write resolves with an
   * Error for each failed command.
   */
  readonly run: <V>(batch: ObservedBatch, work: () => Promise<readonly V[]>) => Promise<readonly V[]>;
  /** Called once for each queue, when it is created. @param depth the number of its commands or keys, queued and running */
  readonly queue: (kind: string, depth: () => number) => void;
}
