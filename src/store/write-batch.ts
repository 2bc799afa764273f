import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { RequestError, UNKNOWN_OUTCOME } from '../domain/errors.js';
import { createFailureLog, type FailureLog } from '../observability/failure-log.js';
import { isOver } from '../orders/interfaces/caller.js';
import type { Caller } from '../orders/interfaces/caller.js';
import type { Lanes } from '../orders/interfaces/lanes.js';
import type { OrderOutcome, WriteCommand, WriteOutcome } from '../orders/interfaces/order-writer.js';
import type { Database } from '../database/database.js';
import { classify, type Failure } from '../database/database-errors.js';
import { RECONNECT_PAUSE_MS } from './retry-read.js';
import { writeInTransaction, type Contended, type WriteManner } from './write-transaction.js';

/** One caller's command, and how long it wants to wait. */
export interface WriteCall {
  readonly key: WriteCommand;
  readonly caller: Caller;
}

type Result = WriteOutcome | Contended | Error;

/** How a part of a batch is tried, after what it has met before. */
interface Attempt extends WriteManner {
  /** Conflicts met: after one the batch is tried again, after two its commands are tried alone. */
  readonly conflicts: number;
  /** A connection that had gone stale in the pool was met before; the next one means the database is away. */
  readonly reconnected: boolean;
}

const FIRST: Attempt = { conflicts: 0, reconnected: false, uncertain: false, skipLocked: false, hurried: false };

/** Thrown when COMMIT was sent and may or may not have been done. */
class UncertainCommit extends Error {
  override readonly name = 'UncertainCommit';
}

export interface WriteBatchOptions {
  readonly transactionTimeoutMs: number;
  /** How long a batch waits for a free connection. */
  readonly maxWaitMs: number;
  /** Where commands wait whose orders somebody else holds, so that nobody else waits with them. */
  readonly contendedLanes: Lanes;
  /** Called after each commit with the orders that it stored events of. */
  readonly onCommit: (orderIds: readonly string[]) => void;
  readonly log: Logger;
}

/** One try, in one transaction. @throws UncertainCommit where COMMIT was sent and not answered */
async function once(
  { prisma }: Database,
  commands: readonly WriteCommand[],
  how: WriteManner,
  { maxWaitMs, transactionTimeoutMs }: WriteBatchOptions,
): Promise<(WriteOutcome | Contended)[]> {
  let committing = false;
  try {
    return await prisma.$transaction(
      async (tx) => {
        const outcomes = await writeInTransaction(tx, commands, how);
        committing = true; // returning is what sends COMMIT
        return outcomes;
      },
      { maxWait: maxWaitMs, timeout: transactionTimeoutMs },
    );
  } catch (cause) {
    const { kind } = classify(cause);
    const undone = kind === 'data' || kind === 'conflict'; // the server answered that it rolled back
    if (committing && !undone) throw new UncertainCommit('The connection was lost at COMMIT.', { cause });
    throw cause;
  }
}

/**
 * Stores batches of commands, each batch in one interactive transaction, and settles what goes wrong: a row that the
 * database rejects is found by bisection and fails alone; a conflict is tried once more, then command by command; an
 * order that somebody else holds is waited for apart from the batch; a database that cannot serve fails all as
 * retryable; a connection lost at COMMIT is settled by trying again under the same ids. Before every try the commands
 * leave that nobody waits for any more.
 */
export function createWriteBatch(database: Database, options: WriteBatchOptions) {
  const { contendedLanes, onCommit, log } = options;
  const failures = createFailureLog(log);
  const logged = logTo(log, failures);

  async function attempt(calls: readonly WriteCall[], how: Attempt): Promise<Result[]> {
    const live = calls.filter((call) => !isOver(call.caller));
    const results = new Map<WriteCall, Result>();
    for (const call of calls) results.set(call, final(how, tooLate()));
    if (live.length > 0) {
      const found = await attemptLive(live, how);
      for (const [index, call] of live.entries()) results.set(call, found[index] ?? unexpected(undefined));
    }
    return [...results.values()];
  }

  async function attemptLive(calls: readonly WriteCall[], how: Attempt): Promise<Result[]> {
    const commands = calls.map((call) => call.key);
    try {
      const outcomes = await once(database, commands, how, options);
      failures.worked('write batches succeed again');
      const changed = changedOrders(outcomes);
      if (changed.length > 0) onCommit(changed);
      return outcomes;
    } catch (cause) {
      if (cause instanceof UncertainCommit) return settleCommit(calls, how, cause);
      return recover(calls, how, cause);
    }
  }

  async function recover(calls: readonly WriteCall[], how: Attempt, cause: unknown): Promise<Result[]> {
    const failure = classify(cause);
    logged(cause, failure, calls.length);
    const fail = (error: Error) => calls.map(() => final(how, error));
    switch (failure.kind) {
      case 'data':
        return calls.length === 1 ? fail(unexpected(cause)) : halves(calls, how);
      case 'conflict':
        if (failure.sqlState === LOCK_NOT_AVAILABLE) return passOverLocked(calls, how);
        if (how.conflicts === 0) return attempt(calls, { ...how, conflicts: 1 });
        return calls.length === 1 ? fail(contended(cause)) : oneByOne(calls, { ...how, conflicts: 1 });
      case 'connection':
        if (how.uncertain) return settleCommit(calls, how, cause);
        if (how.reconnected) return fail(unavailable(cause));
        await sleep(RECONNECT_PAUSE_MS);
        return attempt(calls, { ...how, reconnected: true });
      case 'unavailable':
        return how.uncertain ? settleCommit(calls, how, cause) : fail(unavailable(cause));
      case 'unexpected':
        return fail(unexpected(cause));
    }
  }

  /** Somebody holds an order of the batch: do the others without waiting. An insert that waits for another's is tried alone. */
  async function passOverLocked(calls: readonly WriteCall[], how: Attempt): Promise<Result[]> {
    if (!how.skipLocked) return attempt(calls, { ...how, skipLocked: true, hurried: true });
    return calls.length === 1 ? [{ kind: 'contended', uncertain: how.uncertain }] : oneByOne(calls, how);
  }

  /** Each half is a new transaction that locks, reads and decides again. */
  async function halves(calls: readonly WriteCall[], how: Attempt): Promise<Result[]> {
    const middle = Math.ceil(calls.length / 2);
    const left = await attempt(calls.slice(0, middle), how);
    return [...left, ...(await attempt(calls.slice(middle), how))];
  }

  async function oneByOne(calls: readonly WriteCall[], how: Attempt): Promise<Result[]> {
    const results: Result[] = [];
    for (const call of calls) results.push(...(await attempt([call], how)));
    return results;
  }

  async function settleCommit(calls: readonly WriteCall[], how: Attempt, cause: unknown): Promise<Result[]> {
    log.warn({ err: cause, commands: calls.length }, UNKNOWN_COMMIT);
    await sleep(PAUSE_MS);
    return attempt(calls, { ...how, uncertain: true });
  }

  return waitApart(attempt, contendedLanes);
}

type Tries = (calls: readonly WriteCall[], how: Attempt) => Promise<Result[]>;

/** Answers a batch; its contended commands are promises, which wait in lanes of their own until their order is free. */
function waitApart(attempt: Tries, lanes: Lanes) {
  async function waitForOrder(call: WriteCall, from: Contended): Promise<WriteOutcome> {
    let { uncertain } = from;
    for (;;) {
      const how = { ...FIRST, uncertain, hurried: true }; // others wait in this lane, for what may be free already
      const [result = unexpected(undefined)] = await inLane(lanes, () => attempt([call], how));
      if (result instanceof Error) throw result;
      if (result.kind !== 'contended') return result;
      ({ uncertain } = result);
      await sleep(PAUSE_MS); // others that wait get their turn
    }
  }

  return async (calls: readonly WriteCall[]): Promise<(WriteOutcome | Error | Promise<WriteOutcome>)[]> => {
    const results = await attempt(calls, FIRST);
    return results.map((result, index) => {
      const call = calls[index];
      if (result instanceof Error || result.kind !== 'contended') return result;
      if (call === undefined) throw new Error('a result without a call');
      const waiting = waitForOrder(call, result);
      waiting.catch(() => undefined); // whoever takes the promise handles it
      return waiting;
    });
  };
}

/** Rejected rows are reported one by one, and orders that others have locked are waited for: neither is logged here. */
function logTo(log: Logger, failures: FailureLog) {
  return (cause: unknown, { kind, sqlState }: Failure, commands: number): void => {
    if (kind === 'data' || sqlState === LOCK_NOT_AVAILABLE) return;
    if (kind === 'connection' || kind === 'unavailable') failures.failed(cause, 'write batch failed');
    else log.warn({ err: cause, kind, sqlState, commands }, 'write batch failed');
  };
}

const UNKNOWN_COMMIT = 'the outcome of a COMMIT is unknown; trying again under the same ids';
const LOCK_NOT_AVAILABLE = '55P03';
const PAUSE_MS = 100;

async function inLane<T>(lanes: Lanes, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    lanes.enter((release) => {
      work().then(resolve, reject).finally(release);
    });
  });
}

/**
 * The orders of which this batch stored events, this time or by an attempt whose COMMIT was not answered. Replays are
 * not among them: the process that stored their events sequences them, and if it has ended, the full look does.
 */
function changedOrders(outcomes: readonly (WriteOutcome | Contended)[]): readonly string[] {
  const single: (OrderOutcome | Contended)[] = outcomes.flatMap((outcome) =>
    outcome.kind === 'group' ? outcome.outcomes : outcome,
  );
  const changed = single.flatMap((outcome) => {
    const isStored = outcome.kind === 'created' || (outcome.kind === 'changed' && outcome.changed);
    return isStored && !outcome.replayed ? outcome.order.id : [];
  });
  return [...new Set(changed)];
}

/** Once a COMMIT went unanswered, no failure of a later try may say that nothing was stored. */
function final({ uncertain }: Attempt, error: Error): Error {
  return uncertain ? unknownOutcome(error) : error;
}

function tooLate(): RequestError {
  return new RequestError(
    'SERVICE_UNAVAILABLE',
    'The write did not finish before the deadline of the request. Nothing was stored.',
  );
}

function unavailable(cause: unknown): RequestError {
  const message = 'The database is unavailable. Nothing was stored. Retry later.';
  return new RequestError('SERVICE_UNAVAILABLE', message, { cause });
}

function contended(cause: unknown): RequestError {
  const message = 'Other requests were changing the same order. Nothing was stored. Retry.';
  return new RequestError('SERVICE_UNAVAILABLE', message, { cause });
}

function unknownOutcome(cause: unknown): RequestError {
  const message =
    'The connection to the database was lost during the commit; whether it was stored is unknown. Retry with the same id or idempotencyKey to find out.';
  return new RequestError('SERVICE_UNAVAILABLE', message, { cause, details: UNKNOWN_OUTCOME });
}

/** Our checks let something through that the database rejects, or a defect: masked to clients, logged with its cause. */
function unexpected(cause: unknown): Error {
  return new Error('A command could not be stored.', { cause });
}
