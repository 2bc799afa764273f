import { INITIAL_STATUS } from '../../domain/lifecycle.js';
import type { OrderDraft, OrderLine } from '../../domain/order.js';
import type { Actor } from '../../domain/viewer.js';
import type { Queryable } from '../../database/database.js';
import { ORDER_COLUMNS, type OrderRow } from '../order-rows.js';

/** A new order as the insert takes it. */
export interface NewOrder {
  readonly orderId: string;
  readonly commandId: string;
  readonly actor: Actor;
  readonly draft: OrderDraft;
  readonly fingerprint: Uint8Array;
}

export interface InsertedRow {
  readonly id: string;
  readonly number: bigint;
  readonly created_at: Date;
}

/**
 * Inserts orders, their items and their first events in one statement: one JSON document expanded by the database was
 * the fastest of the shapes tried. The statement inserts in the order of the ids, so that two batches with the
 * same ids wait for each other in one order and never in a circle. Ids that exist already are passed over.
 *
 * @returns the rows that are new
 */
export async function insertOrders(db: Queryable, orders: readonly NewOrder[]): Promise<InsertedRow[]> {
  return db.$queryRawUnsafe<InsertedRow[]>(INSERT_ORDERS, JSON.stringify(orders.map(toJson)));
}

const INSERT_ORDERS = `
WITH input AS MATERIALIZED (
  SELECT x.*, clock_timestamp()::timestamptz(3) AS now
  FROM jsonb_to_recordset($1::jsonb) AS x(
    id uuid, command_id uuid, fingerprint text, customer_id text, customer_name text, customer_email text,
    currency text, subtotal bigint, shipping bigint, tax bigint, discount bigint, total bigint, notes text,
    external_reference text, shipping_address jsonb, billing_address jsonb, metadata jsonb, actor text,
    actor_kind text, items jsonb)
), created AS (
  INSERT INTO orders AS o (id, customer_id, customer_name, customer_email, status, currency, subtotal, shipping, tax,
    discount, total, notes, external_reference, shipping_address, billing_address, metadata, fingerprint, version,
    created_at, updated_at)
  SELECT id, customer_id, customer_name, customer_email, '${INITIAL_STATUS}'::order_status, currency, subtotal,
    coalesce(shipping, 0), coalesce(tax, 0), coalesce(discount, 0), total, notes, external_reference, shipping_address,
    billing_address, coalesce(metadata, '{}'), decode(fingerprint, 'hex'), 1, now, now
  FROM input ORDER BY id
  ON CONFLICT (id) DO NOTHING
  RETURNING o.id, o.number, o.created_at
), lines AS (
  INSERT INTO order_items (order_id, position, product_id, sku, name, quantity, unit_price, subtotal)
  SELECT i.id, l.position, l.product_id, l.sku, l.name, l.quantity, l.unit_price, l.subtotal
  FROM input i
  JOIN created p ON p.id = i.id
  CROSS JOIN jsonb_to_recordset(i.items) AS l(
    position int, product_id text, sku text, name text, quantity int, unit_price bigint, subtotal bigint)
), events AS (
  INSERT INTO order_events (order_id, version, type, to_status, changed_fields, actor, actor_kind, command_id,
    customer_id, payload, occurred_at)
  SELECT i.id, 1, 'CREATED'::order_event_type, '${INITIAL_STATUS}'::order_status, '{}'::text[], i.actor, i.actor_kind,
    i.command_id, i.customer_id,
    jsonb_build_object('currency', i.currency, 'totalMinor', i.total::text, 'createdAt', p.created_at,
      'status', '${INITIAL_STATUS}'), p.created_at
  FROM input i
  JOIN created p ON p.id = i.id
)
SELECT id, number, created_at FROM created`;

/** What is null, zero or empty is left out: the statement knows it, and short documents are quick to write and to read. */
function toJson({ orderId, commandId, actor, draft, fingerprint }: NewOrder): unknown {
  return {
    id: orderId,
    command_id: commandId,
    fingerprint: Buffer.from(fingerprint).toString('hex'),
    customer_id: draft.customerId ?? undefined,
    customer_name: draft.customerName ?? undefined,
    customer_email: draft.customerEmail ?? undefined,
    currency: draft.currency,
    subtotal: draft.subtotal.toString(),
    shipping: amount(draft.shipping),
    tax: amount(draft.tax),
    discount: amount(draft.discount),
    total: draft.total.toString(),
    notes: draft.notes ?? undefined,
    external_reference: draft.externalReference ?? undefined,
    shipping_address: draft.shippingAddress ?? undefined,
    billing_address: draft.billingAddress ?? undefined,
    metadata: Object.keys(draft.metadata).length === 0 ? undefined : draft.metadata,
    actor: actor.subject ?? undefined,
    actor_kind: actor.kind,
    items: draft.lines.map(lineJson),
  };
}

function amount(minor: bigint): string | undefined {
  return minor === 0n ? undefined : minor.toString();
}

/** A line as the statements expand it from JSON; its position counts from 1. */
export function lineJson(line: OrderLine, index: number): unknown {
  return {
    position: index + 1,
    product_id: line.productId ?? undefined,
    sku: line.sku ?? undefined,
    name: line.name,
    quantity: line.quantity,
    unit_price: line.unitPrice.toString(),
    subtotal: line.subtotal.toString(),
  };
}

export type ExistingRow = OrderRow & {
  readonly fingerprint: Uint8Array;
  /** Whose order it was when it was taken: a tombstone has lost it. */
  readonly owner: string | null;
  /** The command that created the order. */
  readonly command_id: string;
};

/**
 * Reads what was there before under ids that were not inserted. A statement of its own: the insert's snapshot does not
 * see a row that another transaction committed meanwhile.
 */
export async function readExisting(db: Queryable, ids: readonly string[]): Promise<ExistingRow[]> {
  return db.$queryRawUnsafe<ExistingRow[]>(READ_EXISTING, ids);
}

const READ_EXISTING = `
SELECT ${ORDER_COLUMNS}, o.fingerprint, e.customer_id AS owner, e.command_id
FROM orders o
JOIN order_events e ON e.order_id = o.id AND e.version = 1
WHERE o.id = any($1::uuid[]) AND e.order_id = any($1::uuid[])`;
