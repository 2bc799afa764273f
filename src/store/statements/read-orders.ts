import type { OrderEvent } from '../../domain/order-event.js';
import type { Order, OrderItem } from '../../domain/order.js';
import type { CustomerRecord, EventRange } from '../../orders/interfaces/order-reader.js';
import type { ReadQueryable } from '../../database/database.js';
import { resultTypes, selectList } from '../columns.js';
import { EVENT_COLUMNS, toEvent, type EventRow } from '../event-columns.js';
import { ITEM_COLUMNS } from '../item-columns.js';
import { ORDER_COLUMNS } from '../order-columns.js';
import { query, readRows } from '../statement.js';

/** Orders by id; null if there is none or only a tombstone. */
export async function readOrders(db: ReadQueryable, ids: readonly string[]): Promise<(Order | null)[]> {
  const rows = await readRows(db, READ_ORDERS, ids);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

export const READ_ORDERS = query<Order>(
  `SELECT ${selectList(ORDER_COLUMNS, 'o')} FROM orders o WHERE o.id = any($1::uuid[]) AND o.deleted_at IS NULL`,
  resultTypes(ORDER_COLUMNS),
);

/** Whether each id has an order or a tombstone. */
export async function readKnown(db: ReadQueryable, ids: readonly string[]): Promise<boolean[]> {
  const rows = await readRows(db, READ_KNOWN, ids);
  const found = new Set(rows.map((row) => row.id));
  return ids.map((id) => found.has(id));
}

export const READ_KNOWN = query<Pick<Order, 'id'>>('SELECT o.id FROM orders o WHERE o.id = any($1::uuid[])', {
  id: 'uuid',
});

/** Ids of orders by their numbers; null if there is none. */
export async function findNumbers(db: ReadQueryable, numbers: readonly string[]): Promise<(string | null)[]> {
  const rows = await readRows(db, FIND_NUMBERS, numbers);
  const byNumber = new Map(rows.map((row) => [row.number, row.id]));
  return numbers.map((number) => byNumber.get(number) ?? null);
}

export const FIND_NUMBERS = query<Pick<Order, 'id' | 'number'>>(
  `SELECT o.id, o.number::text AS number FROM orders o WHERE o.number = any($1::bigint[]) AND o.deleted_at IS NULL`,
  { id: 'uuid', number: 'text' },
);

/** The items of each order, by position; none for a missing order. */
export async function readItems(db: ReadQueryable, orderIds: readonly string[]): Promise<OrderItem[][]> {
  const rows = await readRows(db, READ_ITEMS, orderIds);
  const byOrder = Map.groupBy(rows, (item) => item.orderId);
  return orderIds.map((id) => byOrder.get(id) ?? []);
}

/** Joins only by the key and without LATERAL, so that the statement also works if the table is distributed by order. */
export const READ_ITEMS = query<OrderItem>(
  `
SELECT ${selectList(ITEM_COLUMNS, 'i')}
FROM order_items i WHERE i.order_id = any($1::uuid[])
ORDER BY i.order_id, i.position`,
  resultTypes(ITEM_COLUMNS),
);

/** The events of each range, by version. */
export async function readEvents(db: ReadQueryable, ranges: readonly EventRange[]): Promise<OrderEvent[][]> {
  const rows = await readRows(
    db,
    READ_EVENTS,
    ranges.map((range) => range.orderId),
    ranges.map((range) => range.from),
    ranges.map((range) => range.to),
  );
  const byRange = Map.groupBy(rows, (row) => row.range);
  return ranges.map((_, index) => (byRange.get(index + 1) ?? []).map(({ range: _range, ...row }) => toEvent(row)));
}

/** Versions are dense, so a page of a history is a range of the primary key: no sort, no window function. */
export const READ_EVENTS = query<EventRow & { readonly range: number }>(
  `
SELECT r.range::integer, ${selectList(EVENT_COLUMNS, 'e')}
FROM unnest($1::uuid[], $2::int[], $3::int[]) WITH ORDINALITY AS r(order_id, low, high, range)
JOIN order_events e ON e.order_id = r.order_id AND e.version BETWEEN r.low AND r.high
WHERE e.order_id = any($1::uuid[])
ORDER BY r.range, e.version`,
  { ...resultTypes(EVENT_COLUMNS), range: 'integer' },
);

/** Customers with the data of their latest orders; null for a customer without orders. */
export async function readCustomers(
  db: ReadQueryable,
  customerIds: readonly string[],
): Promise<(CustomerRecord | null)[]> {
  const rows = await readRows(db, READ_CUSTOMERS, customerIds);
  const byId = new Map(rows.map((row) => [row.customerId, row]));
  return customerIds.map((id) => byId.get(id) ?? null);
}

/**
 * Reads one entry of the index on (customer_id, created_at, id) for each customer, regardless of the number of orders.
 */
export const READ_CUSTOMERS = query<CustomerRecord>(
  `
SELECT c.customer_id AS "customerId", o.customer_name AS name, o.customer_email AS email
FROM unnest($1::text[]) AS c(customer_id)
CROSS JOIN LATERAL (
  SELECT o.customer_name, o.customer_email FROM orders o
  WHERE o.customer_id = c.customer_id AND o.deleted_at IS NULL
  ORDER BY o.created_at DESC, o.id DESC
  LIMIT 1
) o`,
  { customerId: 'text', name: 'text', email: 'text' },
);
