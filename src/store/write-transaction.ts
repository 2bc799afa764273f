import type { LockConflict } from '../orders/interfaces/batch-writer.js';
import type {
  ChangeOrder,
  OrderOutcome,
  CreateGroup,
  CreateOrder,
  WriteCommand,
  WriteOutcome,
} from '../orders/interfaces/order-writer.js';
import { changeBatch } from './change-batch.js';
import type { Queryable } from '../database/database.js';
import { LOCK_CONFLICT } from './lock-conflict.js';
import { createBatch } from './create-batch.js';

export interface TransactionOptions {
  /** A COMMIT of some of the commands was not answered: their own events are looked for before they are decided. */
  readonly outcomeUnknown: boolean;
  /** How long a statement waits for an id or a reference that another transaction is storing; null: the session's. */
  readonly lockTimeoutMs: number | null;
}

/**
 * Runs a batch of commands inside the caller's transaction: new orders, then groups of them, then changes.
 *
 * @returns one outcome a command, in the commands' order
 */
export async function writeInTransaction(
  tx: Queryable,
  commands: readonly WriteCommand[],
  { outcomeUnknown, lockTimeoutMs }: TransactionOptions,
): Promise<(WriteOutcome | LockConflict)[]> {
  const batch = byKind(commands);
  if (lockTimeoutMs !== null) await tx.$executeRawUnsafe(`SET LOCAL lock_timeout = '${lockTimeoutMs}ms'`);
  const created = batch.creations.length === 0 ? NONE : (await createBatch(tx, batch.creations)).outcomes;
  const grouped: (WriteOutcome | LockConflict)[] = [];
  for (const group of batch.groups) grouped.push(await createGroup(tx, group));
  const changed = batch.changes.length === 0 ? NONE : await changeBatch(tx, batch.changes, outcomeUnknown);
  const next = { create: created.values(), group: grouped.values(), change: changed.values() };
  return commands.map(({ kind }) => {
    const { value } = next[kind].next();
    if (value === undefined) throw new Error(`no outcome for a ${kind} command`);
    return value;
  });
}

const NONE: readonly (WriteOutcome | LockConflict)[] = [];

function byKind(commands: readonly WriteCommand[]) {
  const creations: CreateOrder[] = [];
  const groups: CreateGroup[] = [];
  const changes: ChangeOrder[] = [];
  for (const command of commands) {
    if (command.kind === 'create') creations.push(command);
    else if (command.kind === 'group') groups.push(command);
    else changes.push(command);
  }
  return { creations, groups, changes };
}

/** Stores a group behind a savepoint: where one of its orders is rejected, none of them is stored. */
async function createGroup(tx: Queryable, { orders }: CreateGroup): Promise<WriteOutcome | LockConflict> {
  await tx.$executeRawUnsafe('SAVEPOINT created_group');
  const { outcomes, newIds } = await createBatch(tx, orders);
  const decided = outcomes.filter((outcome) => outcome.kind !== 'lock-conflict');
  const isRejected = decided.some(({ kind }) => kind === 'rejected');
  if (!isRejected && decided.length === orders.length) {
    await tx.$executeRawUnsafe('RELEASE SAVEPOINT created_group');
    return { kind: 'group', outcomes: decided };
  }
  await tx.$executeRawUnsafe('ROLLBACK TO SAVEPOINT created_group');
  if (!isRejected) return LOCK_CONFLICT;
  return {
    kind: 'group',
    outcomes: outcomes.map((outcome) => (outcome.kind === 'lock-conflict' ? ABORTED : abort(outcome, newIds))),
  };
}

const ABORTED = { kind: 'aborted' } as const;

/** An order that an earlier request stored is answered as a replay; what this group stored was rolled back. */
function abort(outcome: OrderOutcome, newIds: ReadonlySet<string>): OrderOutcome {
  return outcome.kind === 'created' && newIds.has(outcome.order.id) ? ABORTED : outcome;
}
