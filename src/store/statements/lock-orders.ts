import type { Queryable } from '../../database/database.js';
import type { Order } from '../../domain/order.js';
import { namesOf, resultTypes, selectList } from '../columns.js';
import { ORDER_COLUMNS } from '../order-columns.js';
import { query, readRows } from '../statement.js';

export interface LockedOrder {
  readonly order: Order;
  /** The time of the database, read after the row was locked. */
  readonly lockedAt: Date;
}

type LockedRow = Order & Pick<LockedOrder, 'lockedAt'>;

/**
 * Locks and reads orders, including tombstones. Orders that other transactions have locked are skipped: a batch never waits
 * for a row, so two batches never wait for each other's orders. The clock is read outside the locking part, row by row,
 * so it is never earlier than the lock.
 */
export async function lockOrders(db: Queryable, ids: readonly string[]): Promise<LockedOrder[]> {
  const rows = await readRows(db, LOCK_ORDERS, ids);
  return rows.map(({ lockedAt, ...order }) => ({ order, lockedAt }));
}

export const LOCK_ORDERS = query<LockedRow>(
  `
WITH locked AS MATERIALIZED (
  SELECT ${namesOf(ORDER_COLUMNS, 'o')} FROM orders o
  WHERE o.id = any($1::uuid[])
  FOR NO KEY UPDATE SKIP LOCKED
)
SELECT ${selectList(ORDER_COLUMNS, 'o')}, clock_timestamp()::timestamptz(3) AS "lockedAt" FROM locked o`,
  { ...resultTypes(ORDER_COLUMNS), lockedAt: 'timestamptz(3)' },
);

export type OwnedOrder = Pick<Order, 'id' | 'customerId'>;

/** The orders among these that exist, locked or not, with their owners. */
export async function readPresent(db: Queryable, ids: readonly string[]): Promise<OwnedOrder[]> {
  return readRows(db, READ_PRESENT, ids);
}

export const READ_PRESENT = query<OwnedOrder>(
  'SELECT o.id, o.customer_id AS "customerId" FROM orders o WHERE o.id = any($1::uuid[])',
  { id: 'uuid', customerId: 'text' },
);

/**
 * The orders among these that no other transaction has locked. The statement locks them itself, in the mode of a change,
 * until it ends. It returns the unlocked orders, not the locked ones, because most probes find none.
 */
export async function findUnlocked(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const rows = await readRows(db, FIND_UNLOCKED, ids);
  return rows.map((row) => row.id);
}

export const FIND_UNLOCKED = query<Pick<Order, 'id'>>(
  `
SELECT o.id FROM orders o
WHERE o.id = any($1::uuid[])
FOR NO KEY UPDATE SKIP LOCKED`,
  { id: 'uuid' },
);
