import type { Queryable } from '../../database/database.js';
import { ORDER_COLUMNS, type OrderRow } from '../order-rows.js';

export type LockedRow = OrderRow & {
  /** The database's clock, read after this row's lock was obtained. */
  readonly locked_at: Date;
};

/**
 * Locks and reads orders, tombstones too. Orders that other transactions have locked are left out: a batch never waits
 * for a row, so two batches never wait for each other's orders. The clock is read outside the locking part, row by row,
 * so it is never earlier than the lock.
 */
export async function lockOrders(db: Queryable, ids: readonly string[]): Promise<LockedRow[]> {
  return db.$queryRawUnsafe<LockedRow[]>(LOCK_ORDERS, ids);
}

const LOCK_ORDERS = `
WITH locked AS MATERIALIZED (
  SELECT ${ORDER_COLUMNS} FROM orders o
  WHERE o.id = any($1::uuid[])
  FOR NO KEY UPDATE SKIP LOCKED
)
SELECT o.*, clock_timestamp()::timestamptz(3) AS locked_at FROM locked o`;

/** Which of these orders exist, locked or not. */
export async function readPresent(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const rows = await db.$queryRawUnsafe<{ id: string }[]>(READ_PRESENT, ids);
  return rows.map((row) => row.id);
}

const READ_PRESENT = 'SELECT o.id FROM orders o WHERE o.id = any($1::uuid[])';

/**
 * Which of these orders no other transaction has locked. They are locked for the time of the statement alone, as strongly
 * as a change locks them. The free ones are returned, not the locked ones, because a probe mostly finds none.
 */
export async function findFree(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const rows = await db.$queryRawUnsafe<{ id: string }[]>(FIND_FREE, ids);
  return rows.map((row) => row.id);
}

const FIND_FREE = `
SELECT o.id FROM orders o
WHERE o.id = any($1::uuid[])
FOR NO KEY UPDATE SKIP LOCKED`;
