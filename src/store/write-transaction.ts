import type { ChangeOrder, OrderOutcome, PlaceGroup, PlaceOrder, WriteCommand, WriteOutcome } from '../orders/ports.js';
import { changeBatch, type ChangeManner } from './change-batch.js';
import type { Queryable } from './database.js';
import { HELD, placeBatch } from './place-batch.js';

export type WriteManner = ChangeManner;

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
  const outcomes = new Map<WriteCommand, WriteOutcome | typeof HELD>();
  if (places.length > 0) merge(outcomes, await placeBatch(tx, places));
  for (const group of groups) outcomes.set(group, await placeGroup(tx, group));
  if (changes.length > 0) merge(outcomes, await changeBatch(tx, changes, how));
  return commands.map((command) => {
    const outcome = outcomes.get(command);
    if (outcome === undefined) throw new Error(`no outcome for a ${command.kind} command`);
    return outcome === HELD ? { kind: 'contended', uncertain: how.uncertain } : outcome;
  });
}

function merge<C extends WriteCommand>(
  all: Map<WriteCommand, WriteOutcome | typeof HELD>,
  some: ReadonlyMap<C, OrderOutcome | typeof HELD>,
): void {
  for (const [command, outcome] of some) all.set(command, outcome);
}

/** Stores a group behind a savepoint: where one of its orders is refused, none of them is stored. */
async function placeGroup(tx: Queryable, { orders }: PlaceGroup): Promise<WriteOutcome | typeof HELD> {
  await tx.$executeRawUnsafe('SAVEPOINT placed_group');
  const results = await placeBatch(tx, orders);
  const outcomes = orders.map((order) => results.get(order) ?? HELD);
  const isHeld = outcomes.includes(HELD);
  const failed = outcomes.some((outcome) => outcome !== HELD && outcome.kind === 'refused');
  await tx.$executeRawUnsafe(
    failed || isHeld ? 'ROLLBACK TO SAVEPOINT placed_group' : 'RELEASE SAVEPOINT placed_group',
  );
  const decided = outcomes.filter((outcome) => outcome !== HELD);
  if (failed)
    return { kind: 'group', outcomes: outcomes.map((outcome) => (outcome === HELD ? ABORTED : abort(outcome))) };
  return isHeld ? HELD : { kind: 'group', outcomes: decided };
}

const ABORTED = { kind: 'aborted' } as const;

/** An order that an earlier request stored stays what it is. */
function abort(outcome: OrderOutcome): OrderOutcome {
  return outcome.kind === 'placed' && !outcome.replayed ? ABORTED : outcome;
}
