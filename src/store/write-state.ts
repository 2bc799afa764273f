import type { FailureKind } from '../database/database-errors.js';

/** How a part of a batch is tried. A batch begins as one part: `attempting`, or `retrying-key` where it has waited. */
export type WriteState =
  /** All commands in one transaction. Locked orders are skipped; ids and references are waited for briefly. */
  | 'attempting'
  /** Again in one transaction, after a deadlock or a serialization failure. */
  | 'retrying'
  /** A second conflict: each command in a transaction of its own. */
  | 'retrying-singly'
  /** A command makes its transaction fail: halves are tried until the command is alone. */
  | 'isolating'
  /** An id or a reference is locked: halves are tried with a minimal lock timeout until its command is alone. */
  | 'isolating-locks'
  /** Commands that have waited for one id or reference: if it is still locked, all of them wait again. */
  | 'retrying-key'
  /** Again over another connection, after one that was lost before COMMIT. */
  | 'reconnecting'
  /** A COMMIT was not answered: again under the same ids, which finds what was stored, until the database answers. */
  | 'settling';

/** What a failed transaction means. `unknown-commit`: COMMIT was sent, and its answer was lost. */
export type WriteFailure = FailureKind | 'unknown-commit';

export type NextStep =
  | { readonly kind: 'retry'; readonly state: WriteState }
  | { readonly kind: 'halve'; readonly state: WriteState }
  | { readonly kind: 'separate'; readonly state: WriteState }
  /** The commands are returned as lock conflicts. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'fail'; readonly as: 'unexpected' | 'unavailable' | 'conflict' };

export interface FailedPart {
  readonly state: WriteState;
  readonly commands: number;
  /** Whether a COMMIT of one of the commands was not answered, now or before. */
  readonly outcomeUnknown: boolean;
  /** Whether so many transactions of the batch have failed in a row that the cause is hardly a single command. */
  readonly isolationFailed: boolean;
}

/** The next step after a failed transaction. Every path ends: parts shrink, retries are single, callers have deadlines. */
export function afterFailure(part: FailedPart, failure: WriteFailure): NextStep {
  return TRANSITIONS[failure](part);
}

const TRANSITIONS: Readonly<Record<WriteFailure, (part: FailedPart) => NextStep>> = {
  data: ({ commands }) => (commands > 1 ? ISOLATE : FAIL_UNEXPECTED),
  unexpected: (part) => (canIsolate(part) ? ISOLATE : FAIL_UNEXPECTED),
  damaged: (part) => (canIsolate(part) ? ISOLATE : FAIL_UNAVAILABLE),
  lock: (part) => (part.state !== 'retrying-key' && canIsolate(part) ? ISOLATE_LOCKS : { kind: 'wait' }),
  conflict: ({ state, commands }) => {
    if (state !== 'retrying' && state !== 'retrying-singly') return { kind: 'retry', state: 'retrying' };
    return commands > 1 ? { kind: 'separate', state: 'retrying-singly' } : { kind: 'fail', as: 'conflict' };
  },
  connection: ({ state, outcomeUnknown }) => {
    if (outcomeUnknown) return SETTLE;
    return state === 'reconnecting' ? FAIL_UNAVAILABLE : { kind: 'retry', state: 'reconnecting' };
  },
  unavailable: ({ outcomeUnknown }) => (outcomeUnknown ? SETTLE : FAIL_UNAVAILABLE),
  'unknown-commit': () => SETTLE,
};

const ISOLATE: NextStep = { kind: 'halve', state: 'isolating' };
const ISOLATE_LOCKS: NextStep = { kind: 'halve', state: 'isolating-locks' };
const SETTLE: NextStep = { kind: 'retry', state: 'settling' };
const FAIL_UNEXPECTED: NextStep = { kind: 'fail', as: 'unexpected' };
const FAIL_UNAVAILABLE: NextStep = { kind: 'fail', as: 'unavailable' };

function canIsolate({ commands, isolationFailed }: FailedPart): boolean {
  return commands > 1 && !isolationFailed;
}

/** One culprit among n commands fails log2(n) + 1 transactions in a row; twice as many leave room for neighbours. */
export function mostFailuresInARow(commands: number): number {
  return 2 * (Math.ceil(Math.log2(commands)) + 1);
}
