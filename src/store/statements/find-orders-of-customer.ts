import type { Order } from '../../domain/order.js';
import type { CustomerOrdersKey } from '../../orders/interfaces/order-reader.js';
import type { ReadQueryable } from '../../database/database.js';
import { query, readRows } from '../statement.js';

export async function findOrdersOfCustomer(
  db: ReadQueryable,
  { customerId, limit }: CustomerOrdersKey,
): Promise<readonly string[]> {
  const rows = await readRows(db, FIND_ORDERS_OF_CUSTOMER, customerId, limit);
  return rows.map(({ id }) => id);
}

/**
 * A tombstone has no customer; its deletion event does. Each part reads an index until the limit. The sort order makes the
 * planner choose the index also for a customer of few orders.
 */
export const FIND_ORDERS_OF_CUSTOMER = query<Pick<Order, 'id'>>(
  `
(SELECT o.id FROM orders o WHERE o.customer_id = $1::text AND o.deleted_at IS NULL
  ORDER BY o.created_at, o.id LIMIT $2::int)
UNION ALL
(SELECT e.order_id FROM order_events e WHERE e.customer_id = $1::text AND e.type = 'DELETED' LIMIT $2::int)
LIMIT $2::int`,
  { id: 'uuid' },
);
