import type { OrderEvent } from '../../domain/events.js';
import type { Order } from '../../domain/order.js';
import type { Queryable } from '../database.js';
import { ORDER_COLUMNS, type OrderRow } from '../rows.js';

export type LockedRow = OrderRow & {
  /** The database's clock, read after this row's lock was obtained. */
  readonly locked_at: Date;
};

/**
 * Locks and reads orders, in the order of their ids so that batches never wait for each other in a circle. Deleted
 * orders are no orders. The clock is read outside the locking part, row by row, so it is never earlier than the lock.
 */
export async function lockOrders(db: Queryable, ids: readonly string[]): Promise<LockedRow[]> {
  return db.$queryRawUnsafe<LockedRow[]>(LOCK_ORDERS, ids);
}

/** The same without waiting: orders that somebody else holds are left out. */
export async function lockFreeOrders(db: Queryable, ids: readonly string[]): Promise<LockedRow[]> {
  return db.$queryRawUnsafe<LockedRow[]>(LOCK_FREE_ORDERS, ids);
}

/** Which of these orders there are, held or not. */
export async function readPresent(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const rows = await db.$queryRawUnsafe<{ id: string }[]>(READ_PRESENT, ids);
  return rows.map((row) => row.id);
}

const READ_PRESENT = 'SELECT o.id FROM orders o WHERE o.id = any($1::uuid[]) AND o.deleted_at IS NULL';

const lockOrdersWith = (wait: string) => `
WITH locked AS MATERIALIZED (
  SELECT ${ORDER_COLUMNS} FROM orders o
  WHERE o.id = any($1::uuid[]) AND o.deleted_at IS NULL
  ORDER BY o.id
  FOR NO KEY UPDATE${wait}
)
SELECT o.*, clock_timestamp()::timestamptz(3) AS locked_at FROM locked o`;

const LOCK_ORDERS = lockOrdersWith('');
const LOCK_FREE_ORDERS = lockOrdersWith(' SKIP LOCKED');

export interface CommandRow {
  readonly order_id: string;
  readonly command_id: string;
  readonly command_key: Uint8Array | null;
  readonly command_fingerprint: Uint8Array | null;
}

/** The events of orders that were caused by commands of these ids or these hashed idempotency keys. */
export async function readCommands(
  db: Queryable,
  orderIds: readonly string[],
  commandIds: readonly string[],
  keys: readonly Uint8Array[],
): Promise<CommandRow[]> {
  const hexKeys = keys.map((key) => Buffer.from(key).toString('hex'));
  return db.$queryRawUnsafe<CommandRow[]>(READ_COMMANDS, orderIds, commandIds, hexKeys);
}

const READ_COMMANDS = `
SELECT e.order_id, e.command_id, e.command_key, e.command_fingerprint
FROM order_events e
WHERE e.order_id = any($1::uuid[])
  AND (e.command_id = any($2::uuid[]) OR encode(e.command_key, 'hex') = any($3::text[]))
ORDER BY e.order_id, e.version`;

/** An event to be stored, with the command that caused it. */
export interface NewEvent {
  readonly event: OrderEvent;
  /** The order as it is after the event. */
  readonly order: Order;
  readonly commandId: string;
  readonly key: { readonly hash: Uint8Array; readonly fingerprint: Uint8Array } | null;
}

/**
 * Writes changed orders as they are after their last event, and all their events, in one statement. The rows are
 * locked by this transaction; the version in the WHERE makes a lost update impossible all the same.
 *
 * @param changed each order once, with the version it had under the lock
 * @returns how many orders were written
 */
export async function applyChanges(
  db: Queryable,
  changed: readonly { readonly order: Order; readonly lockedVersion: number }[],
  events: readonly NewEvent[],
): Promise<number> {
  const [row] = await db.$queryRawUnsafe<{ written: number }[]>(
    APPLY_CHANGES,
    JSON.stringify(changed.map(orderJson)),
    JSON.stringify(events.map(eventJson)),
    changed.map(({ order }) => order.id),
  );
  return row?.written ?? 0;
}

const APPLY_CHANGES = `
WITH changed AS (
  UPDATE orders o SET
    status = c.status, version = c.version, updated_at = c.updated_at, completed_at = c.completed_at,
    cancelled_at = c.cancelled_at, cancel_reason = c.cancel_reason
  FROM jsonb_to_recordset($1::jsonb) AS c(
    id uuid, locked_version int, status order_status, version int, updated_at timestamptz(3),
    completed_at timestamptz(3), cancelled_at timestamptz(3), cancel_reason cancel_reason)
  WHERE o.id = c.id AND o.id = any($3::uuid[]) AND o.version = c.locked_version
  RETURNING o.id
), events AS (
  INSERT INTO order_events (order_id, version, type, from_status, to_status, changed_fields, reason, actor, actor_kind,
    command_id, command_key, command_fingerprint, customer_id, payload, occurred_at)
  SELECT order_id, version, type, from_status, to_status, changed_fields, reason, actor, actor_kind, command_id,
    decode(command_key, 'hex'), decode(command_fingerprint, 'hex'), customer_id, payload, occurred_at
  FROM jsonb_to_recordset($2::jsonb) AS e(
    order_id uuid, version int, type order_event_type, from_status order_status, to_status order_status,
    changed_fields text[], reason text, actor text, actor_kind text, command_id uuid, command_key text,
    command_fingerprint text, customer_id text, payload jsonb, occurred_at timestamptz(3))
)
SELECT count(*)::int AS written FROM changed`;

function orderJson({ order, lockedVersion }: { readonly order: Order; readonly lockedVersion: number }): unknown {
  return {
    id: order.id,
    locked_version: lockedVersion,
    status: order.status,
    version: order.version,
    updated_at: order.updatedAt,
    completed_at: order.completedAt,
    cancelled_at: order.cancelledAt,
    cancel_reason: order.cancelReason,
  };
}

function eventJson({ event, order, commandId, key }: NewEvent): unknown {
  return {
    order_id: event.orderId,
    version: event.version,
    type: event.type,
    from_status: event.from,
    to_status: event.to,
    changed_fields: event.changedFields,
    reason: event.reason,
    actor: event.actor.subject,
    actor_kind: event.actor.kind,
    command_id: commandId,
    command_key: key === null ? null : Buffer.from(key.hash).toString('hex'),
    command_fingerprint: key === null ? null : Buffer.from(key.fingerprint).toString('hex'),
    customer_id: event.customerId,
    payload: { currency: order.currency, totalMinor: order.total.toString(), createdAt: order.createdAt },
    occurred_at: event.occurredAt,
  };
}
