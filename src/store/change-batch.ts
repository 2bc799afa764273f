import { decideChange, type Decision, type Known } from '../domain/decide-change.js';
import type { OrderLine, Order } from '../domain/order.js';
import { maySee } from '../domain/viewer.js';
import type { LockConflict } from '../orders/interfaces/batch-writer.js';
import type { ChangeOrder, OrderOutcome } from '../orders/interfaces/order-writer.js';
import type { Queryable } from '../database/database.js';
import { lookUpIdempotencyKeys } from './idempotency-lookup.js';
import { LOCK_CONFLICT, ORDER_LOCKED } from './lock-conflict.js';
import { claimForCommands, claimOf, isSameReference } from './reference-claims.js';
import { applyTransitions, applyUpdates, type NewEvent } from './statements/change-orders.js';
import { eraseEvents, type ErasedEvents } from './statements/erase-events.js';
import type { Claim } from './statements/external-references.js';
import { lockOrders, readPresent, type LockedOrder, type OwnedOrder } from './statements/lock-orders.js';
import { readItems } from './statements/read-orders.js';
import { replaceLines } from './statements/replace-lines.js';

/**
 * Changes orders inside the caller's transaction: each is locked, read, decided upon and written with its events.
 * Commands on one order are decided one after the other, each with an event of its own.
 *
 * @param outcomeUnknown an earlier attempt of the commands may have been committed, so its events are looked for first
 * @returns an outcome for each command, in the commands' order
 */
export async function changeBatch(
  tx: Queryable,
  commands: readonly ChangeOrder[],
  outcomeUnknown: boolean,
): Promise<(OrderOutcome | LockConflict)[]> {
  const ids = [...new Set(commands.map((command) => command.orderId))];
  const locked = new Map((await lockOrders(tx, ids)).map((row) => [row.order.id, row]));
  const lockedElsewhere = await readLockedElsewhere(tx, commands, locked);
  const batch: Batch = {
    locked,
    orders: new Map([...locked].map(([id, { order }]) => [id, order])),
    lines: await linesOf(tx, commands, locked),
    replaced: new Map(),
    events: [],
    erased: [],
  };
  const earlier = await lookUpIdempotencyKeys(tx, commands, outcomeUnknown);
  const claims = claimsOf(commands, batch.orders);
  const references = await claimForCommands(tx, claims);

  const outcomes: (OrderOutcome | LockConflict)[] = [];
  for (const command of commands) {
    const known = earlier.find(command);
    if (mustWait(command, lockedElsewhere.get(command.orderId), known)) {
      outcomes.push(ORDER_LOCKED);
      continue;
    }
    // An earlier command of this batch may have changed the reference or the customer of the order.
    const needed = claimNeeded(batch.orders.get(command.orderId), command);
    const isClaimed = needed === null || isSameReference(needed, claims.get(command));
    const reference = isClaimed ? references.stateOf(command, (owner) => locked.has(owner)) : LOCK_CONFLICT;
    if (reference === LOCK_CONFLICT) {
      outcomes.push(LOCK_CONFLICT);
      continue;
    }
    const decision = decideChange(batch.orders.get(command.orderId) ?? null, command, {
      earlier: known,
      lines: batch.lines.get(command.orderId) ?? [],
      referenceTaken: reference === 'taken',
      now: locked.get(command.orderId)?.lockedAt ?? new Date(0), // without a row nothing is written at that time
    });
    outcomes.push(toOutcome(decision, known === 'same-request'));
    rememberErasure(batch, command, decision);
    if (decision.kind !== 'changed') continue;
    remember(batch, command, decision);
    earlier.remember(command);
  }
  if (batch.events.length > 0) await store(tx, batch);
  const before = [...locked.values()].flatMap(({ order }) => claimOf(order.id, order) ?? []);
  await references.releaseUnused(tx, (id) => batch.orders.get(id), before);
  // Last: it waits for the sequencer, and whatever is locked after it could be locked by a transaction that waits too.
  if (batch.erased.length > 0) await eraseEvents(tx, batch.erased);
  return outcomes;
}

/** The orders of a batch as they are after each decision, and what is to be written of them. */
interface Batch {
  readonly locked: ReadonlyMap<string, LockedOrder>;
  readonly orders: Map<string, Order>;
  /** Lines of the orders that get new ones. */
  readonly lines: Map<string, readonly OrderLine[]>;
  readonly replaced: Map<string, readonly OrderLine[]>;
  readonly events: NewEvent[];
  readonly erased: ErasedEvents[];
}

/**
 * The orders that other transactions have locked. The statement runs for missing orders and for those that no command may
 * see alike, so that the time of a rejection does not show which of them exist.
 */
async function readLockedElsewhere(
  tx: Queryable,
  commands: readonly ChangeOrder[],
  locked: ReadonlyMap<string, LockedOrder>,
): Promise<ReadonlyMap<string, OwnedOrder>> {
  const unseen = new Set(commands.map(({ orderId }) => orderId));
  for (const { orderId, viewer } of commands) {
    const row = locked.get(orderId);
    if (row !== undefined && maySee(viewer, row.order)) unseen.delete(orderId);
  }
  const present = unseen.size === 0 ? [] : await readPresent(tx, [...unseen]);
  return new Map(present.filter(({ id }) => !locked.has(id)).map((order) => [order.id, order]));
}

/** A command waits for a locked order only if its viewer may see the order; otherwise the wait would show that it exists. */
function mustWait({ viewer }: ChangeOrder, order: OwnedOrder | undefined, earlier: Known['earlier']): boolean {
  return order !== undefined && (maySee(viewer, order) || earlier !== 'none');
}

async function linesOf(
  tx: Queryable,
  commands: readonly ChangeOrder[],
  locked: ReadonlyMap<string, LockedOrder>,
): Promise<Map<string, readonly OrderLine[]>> {
  const wanted = commands.filter(({ change }) => change.kind === 'update' && change.lines !== null);
  const ids = [...new Set(wanted.map(({ orderId }) => orderId))].filter((id) => locked.has(id));
  const items = ids.length === 0 ? [] : await readItems(tx, ids);
  return new Map(ids.map((id, index) => [id, items[index] ?? []]));
}

function remember(batch: Batch, command: ChangeOrder, decision: Extract<Decision, { kind: 'changed' }>): void {
  const { order, event, lines } = decision;
  batch.orders.set(order.id, order);
  const { commandId, traceparent, key } = command;
  batch.events.push({ event, order, commandId, traceparent, key });
  if (lines === null) return;
  batch.lines.set(order.id, lines);
  batch.replaced.set(order.id, lines);
}

function rememberErasure({ erased }: Batch, { change }: ChangeOrder, decision: Decision): void {
  if (change.kind !== 'erase') return;
  if (decision.kind !== 'changed' && decision.kind !== 'history-erased') return;
  const { order } = decision;
  erased.push({ orderId: order.id, upTo: order.version, customerId: change.customerId });
}

async function store(tx: Queryable, { locked, orders, replaced, events }: Batch): Promise<void> {
  const changed = [...orders.values()]
    .map((order) => ({ order, lockedVersion: locked.get(order.id)?.order.version ?? 0 }))
    .filter(({ order, lockedVersion }) => order.version !== lockedVersion);
  const updates = new Set(events.filter(({ event }) => !isStatusOnly(event)).map(({ order }) => order.id));
  const updated = changed.filter(({ order }) => updates.has(order.id));
  const rest = changed.filter(({ order }) => !updates.has(order.id));
  let written = updated.length === 0 ? 0 : await applyUpdates(tx, updated);
  if (replaced.size > 0) await replaceLines(tx, replaced);
  written += await applyTransitions(tx, rest, events);
  if (written !== changed.length) throw new Error(`${written} of ${changed.length} locked orders were written`);
}

function isStatusOnly({ changedFields, type }: NewEvent['event']): boolean {
  return type === 'STATUS_CHANGED' && changedFields.every((name) => name === 'status' || name === 'cancelReason');
}

/** The references that commands give to orders, or take to another customer, as the orders are now. */
function claimsOf(
  commands: readonly ChangeOrder[],
  orders: ReadonlyMap<string, Order>,
): ReadonlyMap<ChangeOrder, Claim> {
  return new Map(
    commands.flatMap((command) => {
      const claim = claimNeeded(orders.get(command.orderId), command);
      return claim === null ? [] : [[command, claim] as const];
    }),
  );
}

/** Null where the command needs no reference. A deleted order claims nothing: its commands are rejected. */
function claimNeeded(order: Order | undefined, { change }: ChangeOrder): Claim | null {
  if (order === undefined || order.deletedAt !== null) return null;
  const { id, customerId, externalReference } = order;
  switch (change.kind) {
    case 'update':
      return claimOf(id, { customerId, externalReference: change.details.externalReference ?? null });
    case 'assign':
      return customerId === null ? claimOf(id, { customerId: change.customerId, externalReference }) : null;
    case 'status':
    case 'erase':
    case 'delete':
      return null;
  }
}

function toOutcome(decision: Decision, isReplay: boolean): OrderOutcome {
  switch (decision.kind) {
    case 'rejected':
      return { kind: 'rejected', rejection: decision.rejection };
    case 'unchanged':
      return { kind: 'changed', order: decision.order, changed: false, replayed: false };
    case 'repeated':
      return { kind: 'changed', order: decision.order, changed: true, replayed: isReplay };
    case 'history-erased':
    case 'changed':
      return { kind: 'changed', order: decision.order, changed: true, replayed: false };
  }
}
