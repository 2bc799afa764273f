import type { FailureKind } from '../database/database-errors.js';

/**
 * How a part of a batch is attempted. A batch starts as one part: `attempting`, or `retrying-key` if its commands have
 * waited for a key. A key is an id or an external reference that a command inserts; it is locked while another
 * transaction that inserts it is open.
 */
export type WriteState =
  /** All commands in one transaction. Locked orders are skipped; locked keys are waited for briefly. */
  | 'attempting'
  /** Retried in one transaction, after a deadlock or a serialization failure. */
  | 'retrying'
  /** After a second conflict: each command in its own transaction. */
  | 'retrying-singly'
  /** A command makes its transaction fail: the part is halved until the command is alone. */
  | 'bisecting'
  /** A key is locked: the part is halved, with a minimal lock timeout, until the command that needs the key is alone. */
  | 'bisecting-locks'
  /** Commands that have waited for the same key: if it is still locked, all of them wait again. */
  | 'retrying-key'
  /** Retried over another connection, after the connection was lost before COMMIT. */
  | 'reconnecting'
  /** COMMIT outcome unknown: retried with the same ids, which finds what was stored, until the database responds. */
  | 'settling';

/** Why a transaction failed. `unknown-commit`: COMMIT was sent, and its response was lost. */
export type WriteFailure = FailureKind | 'unknown-commit';

export type NextStep =
  | { readonly kind: 'retry'; readonly state: WriteState }
  | { readonly kind: 'halve'; readonly state: WriteState }
  | { readonly kind: 'separate'; readonly state: WriteState }
  /** The commands are returned as lock conflicts. */
  | { readonly kind: 'report-lock-conflict' }
  | { readonly kind: 'fail'; readonly as: 'unexpected' | 'unavailable' | 'conflict' };

export interface FailedPart {
  readonly state: WriteState;
  readonly commands: number;
  /** Whether the COMMIT outcome of at least one command is unknown, from this attempt or an earlier one. */
  readonly outcomeUnknown: boolean;
  /** Whether so many consecutive transactions of the batch have failed that a single command is unlikely to be the cause. */
  readonly bisectionFailed: boolean;
}

/**
 * The next step after a failed transaction. Every path ends: parts shrink, every retry but `settling` happens once, and
 * `settling` ends at the deadlines of the callers.
 */
export function afterFailure(part: FailedPart, failure: WriteFailure): NextStep {
  return TRANSITIONS[failure](part);
}

const TRANSITIONS: Readonly<Record<WriteFailure, (part: FailedPart) => NextStep>> = {
  data: ({ commands }) => (commands > 1 ? BISECT : FAIL_UNEXPECTED),
  unexpected: (part) => (canBisect(part) ? BISECT : FAIL_UNEXPECTED),
  'internal-error': (part) => (canBisect(part) ? BISECT : FAIL_UNAVAILABLE),
  lock: (part) => (part.state !== 'retrying-key' && canBisect(part) ? BISECT_LOCKS : { kind: 'report-lock-conflict' }),
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

const BISECT: NextStep = { kind: 'halve', state: 'bisecting' };
const BISECT_LOCKS: NextStep = { kind: 'halve', state: 'bisecting-locks' };
const SETTLE: NextStep = { kind: 'retry', state: 'settling' };
const FAIL_UNEXPECTED: NextStep = { kind: 'fail', as: 'unexpected' };
const FAIL_UNAVAILABLE: NextStep = { kind: 'fail', as: 'unavailable' };

function canBisect({ commands, bisectionFailed }: FailedPart): boolean {
  return commands > 1 && !bisectionFailed;
}

/** One failing command among n causes log2(n) + 1 consecutive failures; the factor 2 allows for a second one. */
export function maxConsecutiveFailures(commands: number): number {
  return 2 * (Math.ceil(Math.log2(commands)) + 1);
}
