import type { OrderReader } from '../orders/ports.js';
import type { Database } from './database.js';
import { RequestError } from '../domain/errors.js';
import { classify } from './failures.js';
import { countOrders, readRanges, shapeOfCount, shapeOfRange } from './statements/page-orders.js';
import { findReferences } from './statements/references.js';
import { findNumbers, readCustomers, readEvents, readItems, readKnown, readOrders } from './statements/read-orders.js';

/** Reads straight from PostgreSQL, one statement a call. A database that is away becomes SERVICE_UNAVAILABLE. */
export function createReader({ prisma }: Database): OrderReader {
  return {
    orders: (ids) => translated(() => readOrders(prisma, ids)),
    known: (ids) => translated(() => readKnown(prisma, ids)),
    items: (orderIds) => translated(() => readItems(prisma, orderIds)),
    ranges: (ranges) => inGroups(ranges, shapeOfRange, (group) => translated(() => readRanges(prisma, group))),
    counts: (requests) => inGroups(requests, shapeOfCount, (group) => translated(() => countOrders(prisma, group))),
    numbers: (numbers) => translated(() => findNumbers(prisma, numbers)),
    references: (keys) => translated(() => findReferences(prisma, keys)),
    customers: (customerIds) => translated(() => readCustomers(prisma, customerIds)),
    events: (ranges) => translated(() => readEvents(prisma, ranges)),
  };
}

/**
 * Reads what is alike together, one group after the other: a batch takes one connection at a time, however many
 * different questions are in it. A group that fails fails alone.
 */
async function inGroups<K, V>(
  keys: readonly K[],
  shapeOf: (key: K) => string,
  read: (group: readonly K[]) => Promise<V[]>,
): Promise<(V | Error)[]> {
  const answers = new Map<K, V | Error>();
  for (const group of Map.groupBy(keys, shapeOf).values()) {
    try {
      const values = await read(group);
      for (const [index, key] of group.entries()) answers.set(key, values[index] as V);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error('A read failed.', { cause });
      for (const key of group) answers.set(key, error);
    }
  }
  return keys.map((key) => answers.get(key) as V | Error);
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
