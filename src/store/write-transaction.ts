import type {
  ChangeOrder,
  OrderOutcome,
  CreateGroup,
  CreateOrder,
  WriteCommand,
  WriteOutcome,
} from '../orders/interfaces/order-writer.js';
import { changeBatch, type ChangeManner } from './change-batch.js';
import type { Queryable } from '../database/database.js';
import { LOCK_CONFLICT, type LockConflict } from './lock-conflict.js';
import { createBatch } from './create-batch.js';

export type WriteManner = ChangeManner;

/** How long a hurried batch waits for a lock: long enough for a neighbour's commit, short enough for many in turn. */
const HURRY_MS = 50;

/** A command that was not decided, since somebody else holds its order. */
export interface Contended {
  readonly kind: 'contended';
  /** As the manner of the attempt: it must not be forgotten while the command waits. */
  readonly uncertain: boolean;
}

/**
 * Runs a batch of commands inside the caller's transaction: new orders, then groups of them, then changes.
 *
 * @returns one outcome a command, in the commands' order
 */
export async function writeInTransaction(
  tx: Queryable,
  commands: readonly WriteCommand[],
  how: WriteManner,
): Promise<(WriteOutcome | Contended)[]> {
  const creations: CreateOrder[] = [];
  const groups: CreateGroup[] = [];
  const changes: ChangeOrder[] = [];
  for (const command of commands) {
    if (command.kind === 'create') creations.push(command);
    else if (command.kind === 'group') groups.push(command);
    else changes.push(command);
  }
  const outcomes = new Map<WriteCommand, WriteOutcome | LockConflict>();
  if (how.hurried) await tx.$executeRawUnsafe(`SET LOCAL lock_timeout = '${HURRY_MS}ms'`);
  if (creations.length > 0) {
    const created = await createBatch(tx, creations);
    creations.forEach((command, index) => outcomes.set(command, created.outcomes[index] ?? LOCK_CONFLICT));
  }
  for (const group of groups) outcomes.set(group, await createGroup(tx, group));
  if (changes.length > 0) merge(outcomes, await changeBatch(tx, changes, how));
  return commands.map((command) => {
    const outcome = outcomes.get(command);
    if (outcome === undefined) throw new Error(`no outcome for a ${command.kind} command`);
    return outcome === LOCK_CONFLICT ? { kind: 'contended', uncertain: how.uncertain } : outcome;
  });
}

function merge<C extends WriteCommand>(
  all: Map<WriteCommand, WriteOutcome | LockConflict>,
  some: ReadonlyMap<C, OrderOutcome | LockConflict>,
): void {
  for (const [command, outcome] of some) all.set(command, outcome);
}

/** Stores a group behind a savepoint: where one of its orders is rejected, none of them is stored. */
async function createGroup(tx: Queryable, { orders }: CreateGroup): Promise<WriteOutcome | LockConflict> {
  await tx.$executeRawUnsafe('SAVEPOINT created_group');
  const { outcomes: answers, newIds } = await createBatch(tx, orders);
  const decided = answers.filter((answer) => answer !== LOCK_CONFLICT);
  const isRejected = decided.some(({ kind }) => kind === 'rejected');
  if (!isRejected && decided.length === answers.length) {
    await tx.$executeRawUnsafe('RELEASE SAVEPOINT created_group');
    return { kind: 'group', outcomes: decided };
  }
  await tx.$executeRawUnsafe('ROLLBACK TO SAVEPOINT created_group');
  if (!isRejected) return LOCK_CONFLICT;
  return {
    kind: 'group',
    outcomes: answers.map((answer) => (answer === LOCK_CONFLICT ? ABORTED : abort(answer, newIds))),
  };
}

const ABORTED = { kind: 'aborted' } as const;

/** An order that an earlier request stored stays what it is; what this one stored is there no more. */
function abort(outcome: OrderOutcome, newIds: ReadonlySet<string>): OrderOutcome {
  return outcome.kind === 'created' && newIds.has(outcome.order.id) ? ABORTED : outcome;
}
