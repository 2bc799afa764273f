import type { Caller } from './caller.js';
import type { WriteCommand, WriteOutcome } from './order-writer.js';

/** One caller's command, as it is handed to the database, several times where it has to be retried. */
export interface WriteCall {
  readonly command: WriteCommand;
  readonly caller: Caller;
  /** Set when a COMMIT of the command was not answered. From then on no failure may report that nothing was stored. */
  outcomeUnknown: boolean;
}

/** A command that was not decided because another transaction has locked what it needs. */
export interface LockConflict {
  readonly kind: 'lock-conflict';
  /** `order`: the row of its order, whose lock can be probed. `key`: an id or an external reference that is being stored. */
  readonly on: 'order' | 'key';
}

export type WriteResult = WriteOutcome | LockConflict | Error;

export interface WriteOptions {
  /** The commands have waited for one id or reference: a lock that they meet again is hardly waited for. */
  readonly waited: boolean;
}

/** Stores batches of commands and settles what fails on the way. */
export interface BatchWriter {
  /** @returns a result for each call, in the calls' order */
  readonly write: (calls: readonly WriteCall[], options: WriteOptions) => Promise<readonly WriteResult[]>;
  /** Which of these orders no other transaction has locked. All where the probe fails: `write` settles what is wrong. */
  readonly findFree: (orderIds: readonly string[]) => Promise<ReadonlySet<string>>;
}
