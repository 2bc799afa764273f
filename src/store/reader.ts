import { RequestError } from '../domain/errors.js';
import type { OrderReader } from '../orders/ports.js';
import type { Database } from './database.js';
import { classify } from './failures.js';
import { readKnownCommands } from './earlier-commands.js';
import { readStatistics, readStatsSeries, readStatsSpan } from './statistics.js';
import { translated } from './translated.js';
import { countOrders, shapeOfCount } from './statements/count-orders.js';
import { readRanges, shapeOfRange } from './statements/page-orders.js';
import { findReferences } from './statements/references.js';
import { findNumbers, readCustomers, readEvents, readItems, readKnown, readOrders } from './statements/read-orders.js';

/** Reads straight from PostgreSQL, one statement a call. A database that is away becomes SERVICE_UNAVAILABLE. */
export function createReader({ prisma }: Database): OrderReader {
  return {
    orders: (ids) => translated(() => readOrders(prisma, ids)),
    known: (ids) => translated(() => readKnown(prisma, ids)),
    commands: (keys) => translated(() => readKnownCommands(prisma, keys)),
    items: (orderIds) => translated(() => readItems(prisma, orderIds)),
    ranges: (ranges) => inGroups(ranges, shapeOfRange, (group) => translated(() => readRanges(prisma, group))),
    counts: (requests) => inGroups(requests, shapeOfCount, (group) => counted(() => countOrders(prisma, group))),
    numbers: (numbers) => translated(() => findNumbers(prisma, numbers)),
    references: (keys) => translated(() => findReferences(prisma, keys)),
    customers: (customerIds) => translated(() => readCustomers(prisma, customerIds)),
    events: (ranges) => translated(() => readEvents(prisma, ranges)),
    stats: (keys) => oneByOne(keys, (key) => readStatistics(prisma, key)),
    statsSpans: (keys) => oneByOne(keys, (key) => readStatsSpan(prisma, key)),
    statsSeries: (keys) => oneByOne(keys, (key) => readStatsSeries(prisma, key)),
  };
}

/** A count that the database cuts off never succeeds, so another try is no advice. */
async function counted<T>(count: () => Promise<T>): Promise<T> {
  try {
    return await translated(count);
  } catch (cause) {
    if (!(cause instanceof RequestError) || classify(cause.cause).sqlState !== QUERY_CANCELED) throw cause;
    const message = 'The count takes too long for so many orders. Narrow `where`, or use `count` with a smaller limit.';
    throw new RequestError('BAD_USER_INPUT', message, { cause });
  }
}

const QUERY_CANCELED = '57014';

/** Reads what cannot share a statement, one after the other: a batch takes one connection at a time. */
function oneByOne<K, V>(keys: readonly K[], read: (key: K) => Promise<V>): Promise<(V | Error)[]> {
  const each = async ([key]: readonly K[]): Promise<V[]> =>
    key === undefined ? [] : [await translated(() => read(key))];
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
