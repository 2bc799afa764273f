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

async function readLocked(
  db: Queryable,
  statement: typeof LOCK_ORDERS,
  ids: readonly string[],
): Promise<LockedOrder[]> {
  const rows = await readRows(db, statement, ids);
  return rows.map(({ lockedAt, ...order }) => ({ order, lockedAt }));
}

/**
 * Locks and reads orders, tombstones too, in the order of their ids so that batches never wait for each other in a
 * circle. The clock is read outside the locking part, row by row, so it is never earlier than the lock.
 */
export async function lockOrders(db: Queryable, ids: readonly string[]): Promise<LockedOrder[]> {
  return readLocked(db, LOCK_ORDERS, ids);
}

/** The same without waiting: orders that somebody else holds are left out. */
export async function lockFreeOrders(db: Queryable, ids: readonly string[]): Promise<LockedOrder[]> {
  return readLocked(db, LOCK_FREE_ORDERS, ids);
}

/** Which of these orders there are, held or not. */
export async function readPresent(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const rows = await readRows(db, READ_PRESENT, ids);
  return rows.map((row) => row.id);
}

export const READ_PRESENT = query<Pick<Order, 'id'>>('SELECT o.id FROM orders o WHERE o.id = any($1::uuid[])', {
  id: 'uuid',
});

const lockOrdersWith = (wait: string) =>
  query<LockedRow>(
    `
WITH locked AS MATERIALIZED (
  SELECT ${namesOf(ORDER_COLUMNS, 'o')} FROM orders o
  WHERE o.id = any($1::uuid[])
  ORDER BY o.id
  FOR NO KEY UPDATE${wait}
)
SELECT ${selectList(ORDER_COLUMNS, 'o')}, clock_timestamp()::timestamptz(3) AS "lockedAt" FROM locked o`,
    { ...resultTypes(ORDER_COLUMNS), lockedAt: 'timestamptz(3)' },
  );

export const LOCK_ORDERS = lockOrdersWith('');
export const LOCK_FREE_ORDERS = lockOrdersWith(' SKIP LOCKED');
