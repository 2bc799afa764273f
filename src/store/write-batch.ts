import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../database/database.js';
import { classify, type FailureKind } from '../database/database-errors.js';
import { createFailureLog } from '../observability/failure-log.js';
import type {
  BatchWriter,
  LockConflict,
  WriteCall,
  WriteOptions,
  WriteResult,
} from '../orders/interfaces/batch-writer.js';
import { isOver } from '../orders/interfaces/caller.js';
import type { OrderOutcome, WriteOutcome } from '../orders/interfaces/order-writer.js';
import { LOCK_CONFLICT } from './lock-conflict.js';
import { RECONNECT_PAUSE_MS } from './retry-read.js';
import { findFree } from './statements/lock-orders.js';
import { conflict, tooLate, unavailable, unexpected, unknownOutcome } from './write-errors.js';
import { afterFailure, mostFailuresInARow, type NextStep, type WriteFailure, type WriteState } from './write-state.js';
import { writeInTransaction } from './write-transaction.js';

export interface BatchWriterOptions {
  readonly transactionTimeoutMs: number;
  /** How long a batch waits for a free connection. */
  readonly maxWaitMs: number;
  /** Called after each commit with the orders that it stored events of. */
  readonly onCommit: (orderIds: readonly string[]) => void;
  readonly log: Logger;
}

/** A call with its place in the batch. */
interface Entry {
  readonly call: WriteCall;
  readonly index: number;
}

/** Calls that are tried in one transaction, and how. */
interface Part {
  readonly state: WriteState;
  readonly entries: readonly Entry[];
}

interface Batch {
  readonly results: WriteResult[];
  failuresInARow: number;
}

type Attempt =
  | { readonly kind: 'committed'; readonly outcomes: readonly (WriteOutcome | LockConflict)[] }
  | {
      readonly kind: 'failed';
      readonly failure: WriteFailure;
      readonly sqlState: string | null;
      readonly cause: unknown;
    };

type FailedAttempt = Extract<Attempt, { kind: 'failed' }>;

/**
 * Stores batches of commands, each batch in one interactive transaction as long as nothing fails. A failure takes the
 * transaction's commands to another state of `write-state.ts`. Commands whose callers have gone are dropped before each
 * transaction.
 */
export function createBatchWriter(database: Database, options: BatchWriterOptions): BatchWriter {
  const { onCommit, log } = options;
  const failures = createFailureLog(log);

  async function write(calls: readonly WriteCall[], { waited }: WriteOptions): Promise<readonly WriteResult[]> {
    const batch: Batch = { results: Array.from({ length: calls.length }), failuresInARow: 0 };
    const state = waited ? 'retrying-key' : 'attempting';
    const parts: Part[] = [{ state, entries: calls.map((call, index) => ({ call, index })) }];
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const entries = dropOver(part.entries, batch.results);
      if (entries.length > 0) parts.push(...(await run({ ...part, entries }, batch)).toReversed());
    }
    return batch.results;
  }

  /** Runs one transaction. @returns the parts that are to be tried next, in their order */
  async function run(part: Part, batch: Batch): Promise<readonly Part[]> {
    const attempt = await transact(database, part, options);
    if (attempt.kind === 'committed') {
      batch.failuresInARow = 0;
      failures.worked('write batches succeed again');
      for (const [at, outcome] of attempt.outcomes.entries()) place(batch, part.entries[at], outcome);
      const changed = changedOrders(attempt.outcomes);
      if (changed.length > 0) onCommit(changed);
      return [];
    }
    batch.failuresInARow += 1;
    logFailure(part, attempt);
    if (attempt.failure === 'unknown-commit') for (const { call } of part.entries) call.outcomeUnknown = true;
    const failed = {
      state: part.state,
      commands: part.entries.length,
      outcomeUnknown: part.entries.some(({ call }) => call.outcomeUnknown),
      isolationFailed: batch.failuresInARow >= mostFailuresInARow(batch.results.length),
    };
    return follow(afterFailure(failed, attempt.failure), part, attempt.cause, batch);
  }

  /** Failures of single commands are reported with their answers, and locks are waited for: neither is logged here. */
  function logFailure({ state, entries }: Part, { failure, sqlState, cause }: FailedAttempt): void {
    if (failure === 'data' || failure === 'lock') return;
    const context = { err: cause, failure, sqlState, commands: entries.length };
    if (EXTERNAL.has(failure)) failures.failed(cause, 'write batch failed');
    else if (failure === 'unknown-commit') log.warn(context, UNKNOWN_COMMIT);
    else if (state !== 'isolating') log.warn(context, 'write batch failed');
  }

  return {
    write,
    async findFree(orderIds) {
      try {
        return new Set(await findFree(database.prisma, orderIds));
      } catch (cause) {
        failures.failed(cause, 'probe of locked orders failed');
        return new Set(orderIds);
      }
    },
  };
}

/** Failures of the database itself, which repeat while they last. */
const EXTERNAL: ReadonlySet<WriteFailure> = new Set(['connection', 'unavailable', 'damaged']);
const UNKNOWN_COMMIT = 'outcome of a COMMIT unknown; retrying under the same ids';
const SETTLE_PAUSE_MS = 100;
/** Enough for a commit that is under way; isolation pays it in every transaction that meets a lock. */
const SHORT_LOCK_TIMEOUT_MS = 10;

async function transact(
  { prisma }: Database,
  { state, entries }: Part,
  { maxWaitMs, transactionTimeoutMs }: BatchWriterOptions,
): Promise<Attempt> {
  const commands = entries.map(({ call }) => call.command);
  const transactionOptions = {
    outcomeUnknown: entries.some(({ call }) => call.outcomeUnknown),
    lockTimeoutMs: state === 'isolating-locks' || state === 'retrying-key' ? SHORT_LOCK_TIMEOUT_MS : null,
  };
  let committing = false;
  try {
    const outcomes = await prisma.$transaction(
      async (tx) => {
        const outcomes = await writeInTransaction(tx, commands, transactionOptions);
        committing = true; // returning is what sends COMMIT
        return outcomes;
      },
      { maxWait: maxWaitMs, timeout: transactionTimeoutMs },
    );
    return { kind: 'committed', outcomes };
  } catch (cause) {
    const { kind, sqlState } = classify(cause);
    const isRolledBack = ROLLED_BACK.has(kind) || (kind === 'unexpected' && sqlState !== null);
    return { kind: 'failed', failure: committing && !isRolledBack ? 'unknown-commit' : kind, sqlState, cause };
  }
}

/** Failures by which the server has answered COMMIT: nothing is stored. */
const ROLLED_BACK: ReadonlySet<FailureKind> = new Set(['data', 'conflict', 'lock']);

function place({ results }: Batch, entry: Entry | undefined, outcome: WriteResult): void {
  if (entry === undefined) throw new Error('more outcomes than commands');
  results[entry.index] = outcome;
}

async function follow(step: NextStep, { entries }: Part, cause: unknown, { results }: Batch): Promise<readonly Part[]> {
  switch (step.kind) {
    case 'retry':
      if (step.state === 'settling') await sleep(SETTLE_PAUSE_MS);
      if (step.state === 'reconnecting') await sleep(RECONNECT_PAUSE_MS);
      return [{ state: step.state, entries }];
    case 'halve': {
      const middle = Math.ceil(entries.length / 2);
      return [entries.slice(0, middle), entries.slice(middle)].map((half) => ({ state: step.state, entries: half }));
    }
    case 'separate':
      return entries.map((entry) => ({ state: step.state, entries: [entry] }));
    case 'wait':
      for (const { index } of entries) results[index] = LOCK_CONFLICT;
      return [];
    case 'fail': {
      const error = ERRORS[step.as](cause);
      for (const { call, index } of entries) results[index] = call.outcomeUnknown ? unknownOutcome(error) : error;
      return [];
    }
  }
}

const ERRORS = { unexpected, unavailable, conflict };

function dropOver(entries: readonly Entry[], results: WriteResult[]): readonly Entry[] {
  return entries.filter(({ call, index }) => {
    if (!isOver(call.caller)) return true;
    results[index] = call.outcomeUnknown ? unknownOutcome(tooLate()) : tooLate();
    return false;
  });
}

/**
 * The orders of which this batch stored events, now or by an attempt whose COMMIT was not answered. Replays are left out:
 * the process that stored their events sequences them, and the full scan does if that process has ended.
 */
function changedOrders(outcomes: readonly (WriteOutcome | LockConflict)[]): readonly string[] {
  const single: (OrderOutcome | LockConflict)[] = outcomes.flatMap((outcome) =>
    outcome.kind === 'group' ? outcome.outcomes : outcome,
  );
  const changed = single.flatMap((outcome) => {
    const isStored = outcome.kind === 'created' || (outcome.kind === 'changed' && outcome.changed);
    return isStored && !outcome.replayed ? outcome.order.id : [];
  });
  return [...new Set(changed)];
}
