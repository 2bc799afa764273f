import type { OrderEvent } from '../../domain/order-event.js';
import type { Order, OrderLine } from '../../domain/order.js';
import type { Queryable } from '../../database/database.js';
import { lineJson } from './insert-orders.js';

export interface CommandRow {
  readonly order_id: string;
  readonly command_id: string;
  readonly command_key: Uint8Array | null;
  readonly command_fingerprint: Uint8Array | null;
}

/** An idempotency key under which an order may have been changed. */
export interface KeyOfOrder {
  readonly orderId: string;
  /** Hashed. */
  readonly key: Uint8Array;
}

/** The events of orders that were caused by commands under these idempotency keys. */
export async function readKeyedCommands(db: Queryable, keys: readonly KeyOfOrder[]): Promise<CommandRow[]> {
  const orderIds = keys.map(({ orderId }) => orderId);
  const hexKeys = keys.map(({ key }) => Buffer.from(key).toString('hex'));
  return db.$queryRawUnsafe<CommandRow[]>(READ_KEYED_COMMANDS, orderIds, hexKeys);
}

/** One step into the index of keyed events for each key, however long the history of its order is. */
const READ_KEYED_COMMANDS = `
SELECT e.order_id, e.command_id, e.command_key, e.command_fingerprint
FROM unnest($1::uuid[], $2::text[]) AS k(order_id, command_key)
JOIN order_events e ON e.order_id = k.order_id AND e.command_key = decode(k.command_key, 'hex')
WHERE e.order_id = any($1::uuid[]) AND e.command_key IS NOT NULL`;

/** The events of orders that were caused by commands of these ids. Reads the orders' histories: only for retries. */
export async function readRetriedCommands(
  db: Queryable,
  orderIds: readonly string[],
  commandIds: readonly string[],
): Promise<CommandRow[]> {
  return db.$queryRawUnsafe<CommandRow[]>(READ_RETRIED_COMMANDS, orderIds, commandIds);
}

const READ_RETRIED_COMMANDS = `
SELECT e.order_id, e.command_id, e.command_key, e.command_fingerprint
FROM order_events e
WHERE e.order_id = any($1::uuid[]) AND e.command_id = any($2::uuid[])`;

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

/**
 * Writes everything that an update or a deletion may have changed. The statement for changes of status is apart, since it
 * is the one that runs all day: this one carries every address and note along.
 *
 * @returns how many orders were written
 */
export async function applyUpdates(
  db: Queryable,
  changed: readonly { readonly order: Order; readonly lockedVersion: number }[],
): Promise<number> {
  const documents = JSON.stringify(changed.map((each) => ({ ...orderJson(each), ...detailsJson(each.order) })));
  return db.$executeRawUnsafe(
    APPLY_UPDATES,
    documents,
    changed.map(({ order }) => order.id),
  );
}

const APPLY_UPDATES = `
UPDATE orders o SET
  status = c.status, version = c.version, updated_at = c.updated_at, completed_at = c.completed_at,
  cancelled_at = c.cancelled_at, cancel_reason = c.cancel_reason, deleted_at = c.deleted_at,
  customer_id = c.customer_id, customer_name = c.customer_name, customer_email = c.customer_email,
  subtotal = c.subtotal, shipping = c.shipping, tax = c.tax, discount = c.discount, total = c.total,
  notes = c.notes, external_reference = c.external_reference,
  shipping_address = c.shipping_address, billing_address = c.billing_address, tracking = c.tracking,
  metadata = c.metadata
FROM jsonb_to_recordset($1::jsonb) AS c(
  id uuid, locked_version int, status order_status, version int, updated_at timestamptz(3),
  completed_at timestamptz(3), cancelled_at timestamptz(3), cancel_reason cancel_reason, deleted_at timestamptz(3),
  customer_id text, customer_name text, customer_email text, subtotal bigint, shipping bigint, tax bigint,
  discount bigint, total bigint, notes text,
  external_reference text, shipping_address jsonb, billing_address jsonb, tracking jsonb, metadata jsonb)
WHERE o.id = c.id AND o.id = any($2::uuid[]) AND o.version = c.locked_version`;

function detailsJson(order: Order): object {
  return {
    deleted_at: order.deletedAt,
    customer_id: order.customerId,
    customer_name: order.customerName,
    customer_email: order.customerEmail,
    subtotal: order.subtotal.toString(),
    shipping: order.shipping.toString(),
    tax: order.tax.toString(),
    discount: order.discount.toString(),
    total: order.total.toString(),
    notes: order.notes,
    external_reference: order.externalReference,
    shipping_address: order.shippingAddress,
    billing_address: order.billingAddress,
    tracking: order.tracking,
    metadata: order.metadata,
  };
}

/** Replaces all lines of orders. */
export async function replaceLines(db: Queryable, linesOf: ReadonlyMap<string, readonly OrderLine[]>): Promise<void> {
  const orderIds = [...linesOf.keys()];
  await db.$executeRawUnsafe('DELETE FROM order_items i WHERE i.order_id = any($1::uuid[])', orderIds);
  const documents = [...linesOf].map(([id, lines]) => ({ id, items: lines.map(lineJson) }));
  await db.$executeRawUnsafe(INSERT_LINES, JSON.stringify(documents));
}

const INSERT_LINES = `
INSERT INTO order_items (order_id, position, product_id, sku, name, quantity, unit_price, subtotal)
SELECT i.id, l.position, l.product_id, l.sku, l.name, l.quantity, l.unit_price, l.subtotal
FROM jsonb_to_recordset($1::jsonb) AS i(id uuid, items jsonb)
CROSS JOIN jsonb_to_recordset(i.items) AS l(
  position int, product_id text, sku text, name text, quantity int, unit_price bigint, subtotal bigint)`;

function orderJson({ order, lockedVersion }: { readonly order: Order; readonly lockedVersion: number }): object {
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
    payload: {
      currency: order.currency,
      totalMinor: order.total.toString(),
      createdAt: order.createdAt,
      status: order.status,
    },
    occurred_at: event.occurredAt,
  };
}
