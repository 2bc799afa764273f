import type { Logger } from 'pino';
import { RequestError } from '../domain/errors.js';
import { createFailureLog } from '../observability/failure-log.js';
import type { OrderReader } from '../orders/interfaces/order-reader.js';
import type { Database } from '../database/database.js';
import { classify } from '../database/database-errors.js';
import { readKnownCommands } from './idempotency-lookup.js';
import { readStatistics, readStatsSeries, readStatsSpan } from './order-statistics.js';
import { retryRead } from './retry-read.js';
import { countOrders, shapeOfCount } from './statements/count-orders.js';
import { readRanges, shapeOfRange } from './statements/page-orders.js';
import { findReferences } from './statements/external-references.js';
import { findNumbers, readCustomers, readEvents, readItems, readKnown, readOrders } from './statements/read-orders.js';

/** Reads straight from PostgreSQL, one statement a call. A database that cannot be used becomes SERVICE_UNAVAILABLE. */
export function createReader({ prisma }: Database, log: Logger): OrderReader {
  const failures = createFailureLog(log);
  const safely = <T>(read: () => Promise<T>) => retryRead(read, failures);
  return {
    orders: (ids) => safely(() => readOrders(prisma, ids)),
    known: (ids) => safely(() => readKnown(prisma, ids)),
    commands: (keys) => safely(() => readKnownCommands(prisma, keys)),
    items: (orderIds) => safely(() => readItems(prisma, orderIds)),
    ranges: (ranges) => inGroups(ranges, shapeOfRange, (group) => safely(() => readRanges(prisma, group))),
    counts: (requests) =>
      inGroups(requests, shapeOfCount, (group) => counted(() => safely(() => countOrders(prisma, group)))),
    numbers: (numbers) => safely(() => findNumbers(prisma, numbers)),
    references: (keys) => safely(() => findReferences(prisma, keys)),
    customers: (customerIds) => safely(() => readCustomers(prisma, customerIds)),
    events: (ranges) => safely(() => readEvents(prisma, ranges)),
    stats: (keys) => oneByOne(keys, (key) => safely(() => readStatistics(prisma, key))),
    statsSpans: (keys) => oneByOne(keys, (key) => safely(() => readStatsSpan(prisma, key))),
    statsSeries: (keys) => oneByOne(keys, (key) => safely(() => readStatsSeries(prisma, key))),
  };
}

/** A count that the database cuts off never succeeds, so another try is no advice. */
async function counted<T>(count: () => Promise<T>): Promise<T> {
  try {
    return await count();
  } catch (cause) {
    if (!(cause instanceof RequestError) || classify(cause.cause).sqlState !== QUERY_CANCELED) throw cause;
    const message = 'The count takes too long. Narrow `where`, or use `count` with a smaller limit.';
    throw new RequestError('BAD_USER_INPUT', message, { cause });
  }
}

const QUERY_CANCELED = '57014';

/** Reads what cannot share a statement, one after the other: a batch takes one connection at a time. */
function oneByOne<K, V>(keys: readonly K[], read: (key: K) => Promise<V>): Promise<(V | Error)[]> {
  const each = async ([key]: readonly K[]): Promise<V[]> => (key === undefined ? [] : [await read(key)]);
  return inGroups(keys, (key) => JSON.stringify(key), each);
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
