import type { Queryable } from '../../database/database.js';
import type { Order } from '../../domain/order.js';
import { namesOf, resultTypes, selectList } from '../columns.js';
import { ORDER_COLUMNS } from '../order-columns.js';
import { query, readRows } from '../statement.js';

export interface LockedOrder {
  readonly order: Order;
  /** The clock of the database, read after the row was locked. */
  readonly lockedAt: Date;
}

type LockedRow = Order & Pick<LockedOrder, 'lockedAt'>;

/**
 * Locks and reads orders, tombstones too. Orders that other transactions have locked are left out: a batch never waits
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

/** Which of these orders exist, locked or not. */
export async function readPresent(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const rows = await readRows(db, READ_PRESENT, ids);
  return rows.map((row) => row.id);
}

export const READ_PRESENT = query<Pick<Order, 'id'>>('SELECT o.id FROM orders o WHERE o.id = any($1::uuid[])', {
  id: 'uuid',
});

/**
 * Which of these orders no other transaction has locked. They are locked for the time of the statement alone, as strongly
 * as a change locks them. The free ones are returned, not the locked ones, because a probe mostly finds none.
 */
export async function findFree(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const rows = await readRows(db, FIND_FREE, ids);
  return rows.map((row) => row.id);
}

export const FIND_FREE = query<Pick<Order, 'id'>>(
  `
SELECT o.id FROM orders o
WHERE o.id = any($1::uuid[])
FOR NO KEY UPDATE SKIP LOCKED`,
  { id: 'uuid' },
);
