import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { RequestError } from '../domain/errors.js';
import type { WriteCommand, WriteOutcome } from '../orders/ports.js';
import type { Database } from './database.js';
import { classify, type Failure } from './failures.js';
import { writeInTransaction } from './write-transaction.js';

type Result = WriteOutcome | Error;

/** How often this part of a batch was tried, and how. */
interface Attempt {
  /** A conflict was met before, so the next one splits the batch into its commands. */
  readonly conflicted: boolean;
  /** An earlier COMMIT was sent whose outcome is unknown, so look first for our own work. */
  readonly uncertain: boolean;
  /** A connection that had gone stale in the pool was met before; the next one means the database is away. */
  readonly reconnected: boolean;
}

const FIRST: Attempt = { conflicted: false, uncertain: false, reconnected: false };

/** Sent when COMMIT may or may not have been done. */
class UncertainCommit extends Error {
  override readonly name = 'UncertainCommit';
}

export interface WriteBatchOptions {
  readonly transactionTimeoutMs: number;
  /** How long a batch waits for a free connection. */
  readonly maxWaitMs: number;
  /** Called after each commit with the orders that it stored events of. */
  readonly onCommit: (orderIds: readonly string[]) => void;
  readonly log: Logger;
}

/** One try, in one transaction. @throws UncertainCommit where COMMIT was sent and not answered */
async function once(
  { prisma }: Database,
  commands: readonly WriteCommand[],
  retried: boolean,
  { maxWaitMs, transactionTimeoutMs }: WriteBatchOptions,
): Promise<WriteOutcome[]> {
  let committing = false;
  try {
    return await prisma.$transaction(
      async (tx) => {
        const outcomes = await writeInTransaction(tx, commands, retried);
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
 * database refuses is found by bisection and fails alone; a conflict is tried once more, then command by command; a
 * database that cannot serve fails all as retryable; a connection lost at COMMIT is settled by trying again under the
 * same ids until the deadline.
 */
export function createWriteBatch(database: Database, options: WriteBatchOptions) {
  const { onCommit, log } = options;

  async function attempt(commands: readonly WriteCommand[], deadline: number, how: Attempt): Promise<Result[]> {
    try {
      const outcomes = await once(database, commands, how.uncertain, options);
      onCommit(changedOrders(outcomes));
      return outcomes;
    } catch (cause) {
      if (cause instanceof UncertainCommit) return settleCommit(commands, deadline, how, cause);
      const failure = classify(cause);
      if (failure.kind !== 'data')
        log.warn({ err: cause, ...failure, commands: commands.length }, 'a write batch failed');
      return recover(commands, deadline, how, failure, cause);
    }
  }

  async function recover(
    commands: readonly WriteCommand[],
    deadline: number,
    how: Attempt,
    failure: Failure,
    cause: unknown,
  ): Promise<Result[]> {
    switch (failure.kind) {
      case 'data':
        return commands.length === 1 ? [unexpected(cause)] : halves(commands, deadline, how);
      case 'conflict':
        if (!how.conflicted) return attempt(commands, deadline, { ...how, conflicted: true });
        return commands.length === 1 ? [contended(cause)] : oneByOne(commands, deadline, how);
      case 'connection':
        if (how.uncertain) return settleCommit(commands, deadline, how, cause);
        if (!how.reconnected) return attempt(commands, deadline, { ...how, reconnected: true });
        return fail(commands, unavailable(cause));
      case 'unavailable':
        return how.uncertain ? settleCommit(commands, deadline, how, cause) : fail(commands, unavailable(cause));
      case 'unexpected':
        return fail(commands, unexpected(cause));
    }
  }

  /** Each half is a new transaction that locks, reads and decides again. */
  async function halves(commands: readonly WriteCommand[], deadline: number, how: Attempt): Promise<Result[]> {
    const middle = Math.ceil(commands.length / 2);
    const left = await attempt(commands.slice(0, middle), deadline, how);
    return [...left, ...(await attempt(commands.slice(middle), deadline, how))];
  }

  async function oneByOne(commands: readonly WriteCommand[], deadline: number, how: Attempt): Promise<Result[]> {
    const results: Result[] = [];
    for (const command of commands)
      results.push(...(await attempt([command], deadline, { ...how, conflicted: false })));
    return results;
  }

  async function settleCommit(
    commands: readonly WriteCommand[],
    deadline: number,
    how: Attempt,
    cause: unknown,
  ): Promise<Result[]> {
    log.warn(
      { err: cause, commands: commands.length },
      'the outcome of a COMMIT is unknown; trying again under the same ids',
    );
    if (performance.now() + SETTLE_PAUSE_MS >= deadline) return fail(commands, unknownOutcome(cause));
    await sleep(SETTLE_PAUSE_MS);
    return attempt(commands, deadline, { ...how, uncertain: true });
  }

  return (commands: readonly WriteCommand[], deadline: number): Promise<readonly Result[]> =>
    attempt(commands, deadline, FIRST);
}

/** Replays and repetitions are among them: an earlier attempt, of this process or of one that ended, may have stored the event. */
function changedOrders(outcomes: readonly WriteOutcome[]): readonly string[] {
  const changed = outcomes.flatMap((outcome) => {
    if (outcome.kind === 'refused' || (outcome.kind === 'transitioned' && !outcome.changed)) return [];
    return outcome.order.id;
  });
  return [...new Set(changed)];
}

const SETTLE_PAUSE_MS = 100;

function fail(commands: readonly WriteCommand[], error: Error): Error[] {
  return commands.map(() => error);
}

function unavailable(cause: unknown): RequestError {
  return new RequestError(
    'SERVICE_UNAVAILABLE',
    'The database cannot be used now; nothing was stored. Try again later.',
    { cause },
  );
}

function contended(cause: unknown): RequestError {
  return new RequestError(
    'SERVICE_UNAVAILABLE',
    'Others were changing the same order; nothing was stored. Try again.',
    { cause },
  );
}

function unknownOutcome(cause: unknown): RequestError {
  const message =
    'The connection to the database was lost while storing; whether it was stored is unknown. Retry under the same id or idempotencyKey to learn it.';
  return new RequestError('SERVICE_UNAVAILABLE', message, { cause });
}

/** Our checks let something through that the database refuses, or a defect: masked to clients, logged with its cause. */
function unexpected(cause: unknown): Error {
  return new Error('A command could not be stored.', { cause });
}
