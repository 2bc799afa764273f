import { decideStatusChange, type Decision } from '../domain/decide.js';
import type { OrderEvent } from '../domain/events.js';
import { INITIAL_STATUS } from '../domain/lifecycle.js';
import type { Order } from '../domain/order.js';
import { maySee } from '../domain/viewer.js';
import type { PlaceOrder, TransitionOrder, WriteCommand, WriteOutcome } from '../orders/ports.js';
import type { Queryable } from './database.js';
import { toOrder } from './rows.js';
import {
  applyChanges,
  lockFreeOrders,
  lockOrders,
  readCommands,
  readPresent,
  type CommandRow,
  type NewEvent,
} from './statements/change-orders.js';
import { insertOrders, readExisting, type ExistingRow } from './statements/place-orders.js';

export interface WriteManner {
  /** An earlier attempt may have been committed without our learning it, so look for its events first. */
  readonly uncertain: boolean;
  /** Do not wait for orders that somebody else holds; their commands are contended. */
  readonly skipLocked: boolean;
}

/** A command that was not decided, since somebody else holds its order. */
export interface Contended {
  readonly kind: 'contended';
  /** As the manner of the attempt: it must not be forgotten while the command waits. */
  readonly uncertain: boolean;
}

type Outcomes = Map<WriteCommand, WriteOutcome | Contended>;

/**
 * Runs a batch of commands inside the caller's transaction: new orders first, then changes, each row locked, read,
 * decided upon and written with its event. Commands on one order are decided one after the other.
 *
 * @returns one outcome a command, in the commands' order
 */
export async function writeInTransaction(
  tx: Queryable,
  commands: readonly WriteCommand[],
  how: WriteManner,
): Promise<(WriteOutcome | Contended)[]> {
  const outcomes: Outcomes = new Map();
  const places = commands.filter((command) => command.kind === 'place');
  const transitions = commands.filter((command) => command.kind === 'transition');
  if (places.length > 0) await place(tx, places, outcomes);
  if (transitions.length > 0) await transition(tx, transitions, how, outcomes);
  return commands.map((command) => {
    const outcome = outcomes.get(command);
    if (outcome === undefined) throw new Error(`no outcome for a ${command.kind} command`);
    return outcome;
  });
}

async function place(tx: Queryable, commands: readonly PlaceOrder[], outcomes: Outcomes): Promise<void> {
  const firsts = new Map<string, PlaceOrder>();
  for (const command of commands) if (!firsts.has(command.orderId)) firsts.set(command.orderId, command);

  const placed = new Map((await insertOrders(tx, [...firsts.values()])).map((row) => [row.id, row]));
  const there = [...firsts.keys()].filter((id) => !placed.has(id));
  const existing = new Map(there.length === 0 ? [] : (await readExisting(tx, there)).map((row) => [row.id, row]));

  for (const command of commands) {
    const first = firsts.get(command.orderId) ?? command;
    const row = placed.get(command.orderId);
    if (row === undefined) {
      outcomes.set(command, replay(command, existing.get(command.orderId)));
    } else if (command === first) {
      outcomes.set(command, { kind: 'placed', order: newOrder(command, row.number, row.created_at), replayed: false });
    } else {
      const order = newOrder(first, row.number, row.created_at);
      outcomes.set(command, compare(command, order, first.fingerprint, true));
    }
  }
}

function newOrder({ orderId, draft }: PlaceOrder, number: bigint, createdAt: Date): Order {
  const { lines: _, ...rest } = draft;
  return {
    ...rest,
    id: orderId,
    number: number.toString(),
    status: INITIAL_STATUS,
    version: 1,
    createdAt,
    updatedAt: createdAt,
    completedAt: null,
    cancelledAt: null,
    cancelReason: null,
  };
}

/** What a command answers whose order was there before. */
function replay(command: PlaceOrder, row: ExistingRow | undefined): WriteOutcome {
  if (row === undefined) throw new Error(`order ${command.orderId} was neither inserted nor there`);
  if (row.deleted && maySee(command.viewer, toOrder(row))) {
    return { kind: 'refused', refusal: { code: 'ORDER_DELETED', field: command.field } };
  }
  return compare(command, toOrder(row), row.fingerprint, row.command_id !== command.commandId);
}

/** The same request answers the first order again; another one, or somebody else's order, is refused alike. */
function compare(command: PlaceOrder, order: Order, fingerprint: Uint8Array, replayed: boolean): WriteOutcome {
  const same = Buffer.from(fingerprint).equals(command.fingerprint) && maySee(command.viewer, order);
  if (same) return { kind: 'placed', order, replayed };
  const [, name = 'id'] = command.field;
  const message = `This ${name} was used before with another request.`;
  return { kind: 'refused', refusal: { code: 'IDEMPOTENCY_MISMATCH', message, field: command.field } };
}

async function transition(
  tx: Queryable,
  commands: readonly TransitionOrder[],
  { uncertain, skipLocked }: WriteManner,
  outcomes: Outcomes,
): Promise<void> {
  const ids = [...new Set(commands.map((command) => command.orderId))].sort();
  const rows = await (skipLocked ? lockFreeOrders(tx, ids) : lockOrders(tx, ids));
  const locked = new Map(rows.map((row) => [row.id, row]));
  const passedOver = skipLocked ? ids.filter((id) => !locked.has(id)) : [];
  const held = new Set(passedOver.length === 0 ? [] : await readPresent(tx, passedOver));
  const orders = new Map([...locked].map(([id, row]) => [id, toOrder(row)]));
  const earlier = await earlierCommands(tx, commands, uncertain);
  const events: NewEvent[] = [];

  for (const command of commands) {
    if (held.has(command.orderId)) {
      outcomes.set(command, { kind: 'contended', uncertain });
      continue;
    }
    const order = orders.get(command.orderId) ?? null;
    const now = locked.get(command.orderId)?.locked_at ?? new Date(0); // without a row nothing is written at that time
    const found = earlier.find(command);
    const decision = decideStatusChange(order, { ...command, earlier: found }, now);
    outcomes.set(command, toOutcome(decision));
    if (decision.kind !== 'changed') continue;
    orders.set(command.orderId, decision.order);
    earlier.remember(command);
    events.push(eventOf(command, decision.order, decision.event));
  }
  if (events.length > 0) await store(tx, events, locked, orders);
}

function eventOf(command: TransitionOrder, order: Order, event: OrderEvent): NewEvent {
  return { event, order, commandId: command.commandId, key: command.key };
}

async function store(
  tx: Queryable,
  events: readonly NewEvent[],
  locked: ReadonlyMap<string, { readonly version: number }>,
  orders: ReadonlyMap<string, Order>,
): Promise<void> {
  const changed = [...orders.values()]
    .map((order) => ({ order, lockedVersion: locked.get(order.id)?.version ?? 0 }))
    .filter(({ order, lockedVersion }) => order.version !== lockedVersion);
  const written = await applyChanges(tx, changed, events);
  if (written !== changed.length) throw new Error(`${written} of ${changed.length} locked orders were written`);
}

/** What commands under the same idempotency key, or earlier attempts of the same command, have done to the orders. */
interface Earlier {
  find(command: TransitionOrder): 'none' | 'same-request' | 'other-request';
  /** A command of this very batch counts for those behind it. */
  remember(command: TransitionOrder): void;
}

async function earlierCommands(
  tx: Queryable,
  commands: readonly TransitionOrder[],
  retried: boolean,
): Promise<Earlier> {
  const asked = commands.filter((command) => retried || command.key !== null);
  const keys = asked.flatMap((command) => (command.key === null ? [] : [command.key.hash]));
  const commandIds = retried ? asked.map((command) => command.commandId) : [];
  const orderIds = [...new Set(asked.map((command) => command.orderId))];
  const rows = asked.length === 0 ? [] : await readCommands(tx, orderIds, commandIds, keys);
  const byCommand = new Set(rows.map((row) => row.command_id));
  const byKey = new Map(rows.flatMap((row) => keyEntry(row)));

  return {
    find(command) {
      if (byCommand.has(command.commandId)) return 'same-request';
      if (command.key === null) return 'none';
      const stored = byKey.get(nameOf(command.orderId, command.key.hash));
      if (stored === undefined) return 'none';
      return Buffer.from(stored).equals(command.key.fingerprint) ? 'same-request' : 'other-request';
    },
    remember(command) {
      if (command.key !== null) byKey.set(nameOf(command.orderId, command.key.hash), command.key.fingerprint);
    },
  };
}

function keyEntry(row: CommandRow): [string, Uint8Array][] {
  const { command_key: key, command_fingerprint: stored } = row;
  return key === null || stored === null ? [] : [[nameOf(row.order_id, key), stored]];
}

function nameOf(orderId: string, key: Uint8Array): string {
  return `${orderId} ${Buffer.from(key).toString('hex')}`;
}

function toOutcome(decision: Decision): WriteOutcome {
  switch (decision.kind) {
    case 'refused':
      return { kind: 'refused', refusal: decision.refusal };
    case 'unchanged':
      return { kind: 'transitioned', order: decision.order, changed: false };
    case 'repeated':
    case 'changed':
      return { kind: 'transitioned', order: decision.order, changed: true };
  }
}
