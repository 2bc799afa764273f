import type { Caller } from './caller.js';
import type { WriteCommand, WriteOutcome } from './order-writer.js';

/** One caller's command. It is passed to the database again for each retry. */
export interface WriteCall {
  readonly command: WriteCommand;
  readonly caller: Caller;
  /** Set when the outcome of a COMMIT of the command is unknown. From then on no failure may report that nothing was stored. */
  outcomeUnknown: boolean;
}

/** A command that was not decided because another transaction has locked an order or a key that it needs. */
export interface LockConflict {
  readonly kind: 'lock-conflict';
  /** `order`: the row of its order, whose lock can be probed. `key`: an id or an external reference that another transaction is inserting. */
  readonly on: 'order' | 'key';
}

export type WriteResult = WriteOutcome | LockConflict | Error;

export interface WriteOptions {
  /** The commands have waited for the same key: if it is still locked, they wait only for a minimal lock timeout. */
  readonly waited: boolean;
}

/** Stores batches of commands and handles the failures. */
export interface BatchWriter {
  /** @returns a result for each call, in the sequence of the calls */
  readonly write: (calls: readonly WriteCall[], options: WriteOptions) => Promise<readonly WriteResult[]>;
  /** The orders among these that no other transaction has locked; all of them if the probe fails, so that `write` handles the failure. */
  readonly findUnlocked: (orderIds: readonly string[]) => Promise<ReadonlySet<string>>;
}
