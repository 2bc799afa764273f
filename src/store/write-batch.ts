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
import { isAbandoned } from '../orders/interfaces/caller.js';
import type { OrderOutcome, WriteOutcome } from '../orders/interfaces/order-writer.js';
import { LOCK_CONFLICT } from './lock-conflict.js';
import { RECONNECT_PAUSE_MS } from './retry-read.js';
import { findUnlocked } from './statements/lock-orders.js';
import { conflict, tooLate, unavailable, unexpected, unknownOutcome } from './write-errors.js';
import {
  afterFailure,
  maxConsecutiveFailures,
  type NextStep,
  type WriteFailure,
  type WriteState,
} from './write-state.js';
import { inTransactionSpan } from './transaction-span.js';
import { writeInTransaction } from './write-transaction.js';

export interface BatchWriterOptions {
  readonly transactionTimeoutMs: number;
  /** How long a batch waits for a free connection. */
  readonly maxWaitMs: number;
  /** Called after each commit with the ids of the orders it stored events for. */
  readonly onCommit: (orderIds: readonly string[]) => void;
  /** Called after each transaction with `committed` or the kind of its failure. */
  readonly onTransaction?: (outcome: string, durationMs: number) => void;
  readonly log: Logger;
}

/** A call with its index in the batch. */
interface Entry {
  readonly call: WriteCall;
  readonly index: number;
}

/** Calls to attempt in one transaction, and their state. */
interface Part {
  readonly state: WriteState;
  readonly entries: readonly Entry[];
}

interface Batch {
  readonly results: WriteResult[];
  consecutiveFailures: number;
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
 * Stores batches of commands, each batch in one interactive transaction as long as nothing fails. A failure moves the
 * transaction's commands to another state of `write-state.ts`. Abandoned commands are dropped before each transaction.
 */
export function createBatchWriter(database: Database, options: BatchWriterOptions): BatchWriter {
  const { onCommit, onTransaction, log } = options;
  const failures = createFailureLog(log);

  async function write(calls: readonly WriteCall[], { waited }: WriteOptions): Promise<readonly WriteResult[]> {
    const batch: Batch = { results: Array.from({ length: calls.length }), consecutiveFailures: 0 };
    const state = waited ? 'retrying-key' : 'attempting';
    const parts: Part[] = [{ state, entries: calls.map((call, index) => ({ call, index })) }];
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const entries = dropAbandoned(part.entries, batch.results);
      if (entries.length > 0) parts.push(...(await run({ ...part, entries }, batch)).toReversed());
    }
    return batch.results;
  }

  /** Runs one transaction. @returns the parts to try next, in order */
  async function run(part: Part, batch: Batch): Promise<readonly Part[]> {
    const began = performance.now();
    const attempt = await transact(database, part, options);
    onTransaction?.(attempt.kind === 'committed' ? 'committed' : attempt.failure, performance.now() - began);
    if (attempt.kind === 'committed') {
      batch.consecutiveFailures = 0;
      failures.worked('write batches succeed again');
      for (const [at, outcome] of attempt.outcomes.entries()) place(batch, part.entries[at], outcome);
      const changed = changedOrders(attempt.outcomes);
      if (changed.length > 0) onCommit(changed);
      return [];
    }
    batch.consecutiveFailures += 1;
    logFailure(part, attempt);
    if (attempt.failure === 'unknown-commit') for (const { call } of part.entries) call.outcomeUnknown = true;
    const failed = {
      state: part.state,
      commands: part.entries.length,
      outcomeUnknown: part.entries.some(({ call }) => call.outcomeUnknown),
      bisectionFailed: batch.consecutiveFailures >= maxConsecutiveFailures(batch.results.length),
    };
    return follow(afterFailure(failed, attempt.failure), part, attempt.cause, batch);
  }

  /** Failures of individual commands are returned to their callers, and lock conflicts are waited for: neither is logged here. */
  function logFailure({ state, entries }: Part, { failure, sqlState, cause }: FailedAttempt): void {
    if (failure === 'data' || failure === 'lock') return;
    const context = { err: cause, failure, sqlState, commands: entries.length };
    if (EXTERNAL.has(failure)) failures.failed(cause, 'write batch failed');
    else if (failure === 'unknown-commit') log.warn(context, UNKNOWN_COMMIT);
    else if (state !== 'bisecting') log.warn(context, 'write batch failed');
  }

  return {
    write,
    async findUnlocked(orderIds) {
      try {
        return new Set(await findUnlocked(database.prisma, orderIds));
      } catch (cause) {
        failures.failed(cause, 'probing for locked orders failed');
        return new Set(orderIds); // all are retried, because `write` handles whatever made the probe fail
      }
    },
  };
}

/** Database outages and internal errors: usually every attempt fails until they end. */
const EXTERNAL: ReadonlySet<WriteFailure> = new Set(['connection', 'unavailable', 'internal-error']);
const UNKNOWN_COMMIT = 'COMMIT outcome unknown; retrying with the same ids';
const SETTLE_PAUSE_MS = 100;
/** Long enough for an in-flight commit to finish; every transaction that hits a lock while bisecting waits this long. */
const SHORT_LOCK_TIMEOUT_MS = 10;

async function transact(
  { prisma }: Database,
  { state, entries }: Part,
  { maxWaitMs, transactionTimeoutMs }: BatchWriterOptions,
): Promise<Attempt> {
  const commands = entries.map(({ call }) => call.command);
  const transactionOptions = {
    outcomeUnknown: entries.some(({ call }) => call.outcomeUnknown),
    lockTimeoutMs: state === 'bisecting-locks' || state === 'retrying-key' ? SHORT_LOCK_TIMEOUT_MS : null,
  };
  let committing = false;
  try {
    const outcomes = await inTransactionSpan((onCommit) =>
      prisma.$transaction(
        async (tx) => {
          const outcomes = await writeInTransaction(tx, commands, transactionOptions);
          committing = true; // the return sends COMMIT
          onCommit();
          return outcomes;
        },
        { maxWait: maxWaitMs, timeout: transactionTimeoutMs },
      ),
    );
    return { kind: 'committed', outcomes };
  } catch (cause) {
    const { kind, sqlState } = classify(cause);
    const isRolledBack = ROLLED_BACK.has(kind) || (kind === 'unexpected' && sqlState !== null);
    return { kind: 'failed', failure: committing && !isRolledBack ? 'unknown-commit' : kind, sqlState, cause };
  }
}

/** Failures that show the transaction was rolled back, even in response to COMMIT. */
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
    case 'report-lock-conflict':
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

function dropAbandoned(entries: readonly Entry[], results: WriteResult[]): readonly Entry[] {
  return entries.filter(({ call, index }) => {
    if (!isAbandoned(call.caller)) return true;
    results[index] = call.outcomeUnknown ? unknownOutcome(tooLate()) : tooLate();
    return false;
  });
}

/**
 * The orders for which this batch stored events, in this attempt or in an earlier one whose COMMIT outcome was unknown.
 * Replays are excluded: the process that stored their events assigns their positions; if it has died, the periodic full
 * scan does.
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
