import type { OrderReader } from '../orders/ports.js';
import type { Database } from './database.js';
import { RequestError } from '../domain/errors.js';
import { classify } from './failures.js';
import { countOrders, readRanges } from './statements/page-orders.js';
import { readCustomers, readEvents, readItems, readOrders } from './statements/read-orders.js';

/** Reads straight from PostgreSQL, one statement a call. A database that is away becomes SERVICE_UNAVAILABLE. */
export function createReader({ prisma }: Database): OrderReader {
  return {
    orders: (ids) => translated(() => readOrders(prisma, ids)),
    items: (orderIds) => translated(() => readItems(prisma, orderIds)),
    ranges: (ranges) => translated(() => readRanges(prisma, ranges)),
    counts: (selections) => translated(() => countOrders(prisma, selections)),
    customers: (customerIds) => translated(() => readCustomers(prisma, customerIds)),
    events: (ranges) => translated(() => readEvents(prisma, ranges)),
  };
}

/** A read is safe to repeat, so a connection that had gone stale in the pool costs one more try. */
async function translated<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (first) {
    if (classify(first).kind !== 'connection') throw unavailableOr(first);
  }
  try {
    return await read();
  } catch (second) {
    throw unavailableOr(second);
  }
}

function unavailableOr(cause: unknown): unknown {
  const { kind } = classify(cause);
  if (kind === 'data' || kind === 'unexpected') return cause;
  return new RequestError('SERVICE_UNAVAILABLE', 'The database cannot be used now. Try again later.', { cause });
}
