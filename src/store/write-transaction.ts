import type { ChangeOrder, OrderOutcome, PlaceGroup, PlaceOrder, WriteCommand, WriteOutcome } from '../orders/ports.js';
import { changeBatch, type ChangeManner } from './change-batch.js';
import type { Queryable } from '../database/database.js';
import { HELD, type Held } from './lock-conflict.js';
import { placeBatch } from './create-batch.js';

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
  const places: PlaceOrder[] = [];
  const groups: PlaceGroup[] = [];
  const changes: ChangeOrder[] = [];
  for (const command of commands) {
    if (command.kind === 'place') places.push(command);
    else if (command.kind === 'group') groups.push(command);
    else changes.push(command);
  }
  const outcomes = new Map<WriteCommand, WriteOutcome | Held>();
  if (how.hurried) await tx.$executeRawUnsafe(`SET LOCAL lock_timeout = '${HURRY_MS}ms'`);
  if (places.length > 0) merge(outcomes, (await placeBatch(tx, places)).outcomes);
  for (const group of groups) outcomes.set(group, await placeGroup(tx, group));
  if (changes.length > 0) merge(outcomes, await changeBatch(tx, changes, how));
  return commands.map((command) => {
    const outcome = outcomes.get(command);
    if (outcome === undefined) throw new Error(`no outcome for a ${command.kind} command`);
    return outcome === HELD ? { kind: 'contended', uncertain: how.uncertain } : outcome;
  });
}

function merge<C extends WriteCommand>(
  all: Map<WriteCommand, WriteOutcome | Held>,
  some: ReadonlyMap<C, OrderOutcome | Held>,
): void {
  for (const [command, outcome] of some) all.set(command, outcome);
}

/** Stores a group behind a savepoint: where one of its orders is refused, none of them is stored. */
async function placeGroup(tx: Queryable, { orders }: PlaceGroup): Promise<WriteOutcome | Held> {
  await tx.$executeRawUnsafe('SAVEPOINT placed_group');
  const { outcomes, newIds } = await placeBatch(tx, orders);
  const answers = orders.map((order) => outcomes.get(order) ?? HELD);
  const decided = answers.filter((answer) => answer !== HELD);
  const isRefused = decided.some(({ kind }) => kind === 'refused');
  if (!isRefused && decided.length === answers.length) {
    await tx.$executeRawUnsafe('RELEASE SAVEPOINT placed_group');
    return { kind: 'group', outcomes: decided };
  }
  await tx.$executeRawUnsafe('ROLLBACK TO SAVEPOINT placed_group');
  if (!isRefused) return HELD;
  return { kind: 'group', outcomes: answers.map((answer) => (answer === HELD ? ABORTED : abort(answer, newIds))) };
}

const ABORTED = { kind: 'aborted' } as const;

/** An order that an earlier request stored stays what it is; what this one stored is there no more. */
function abort(outcome: OrderOutcome, newIds: ReadonlySet<string>): OrderOutcome {
  return outcome.kind === 'placed' && newIds.has(outcome.order.id) ? ABORTED : outcome;
}
