import type { Queryable } from '../../database/database.js';
import { ORDER_COLUMNS, type OrderRow } from '../order-rows.js';

export type LockedRow = OrderRow & {
  /** The database's clock, read after this row's lock was obtained. */
  readonly locked_at: Date;
};

/**
 * Locks and reads orders, tombstones too, in the order of their ids so that batches never wait for each other in a
 * circle. The clock is read outside the locking part, row by row, so it is never earlier than the lock.
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

const READ_PRESENT = 'SELECT o.id FROM orders o WHERE o.id = any($1::uuid[])';

const lockOrdersWith = (wait: string) => `
WITH locked AS MATERIALIZED (
  SELECT ${ORDER_COLUMNS} FROM orders o
  WHERE o.id = any($1::uuid[])
  ORDER BY o.id
  FOR NO KEY UPDATE${wait}
)
SELECT o.*, clock_timestamp()::timestamptz(3) AS locked_at FROM locked o`;

const LOCK_ORDERS = lockOrdersWith('');
const LOCK_FREE_ORDERS = lockOrdersWith(' SKIP LOCKED');
