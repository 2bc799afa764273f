import type { Logger } from 'pino';
import { RequestError } from '../domain/errors.js';
import { createFailureLog } from '../observability/failure-log.js';
import type { BatchOrderReader, BatchRead } from '../orders/interfaces/order-reader.js';
import type { Database, ReadQueryable } from '../database/database.js';
import { classify } from '../database/database-errors.js';
import { readKnownCommands } from './idempotency-lookup.js';
import { readStatistics, readStatsSeries, readStatsSpan } from './order-statistics.js';
import { retryRead } from './retry-read.js';
import { countOrders, shapeOfCount } from './statements/count-orders.js';
import { memberOfRange, readRanges, shapeOfRange } from './statements/page-orders.js';
import { findReferences } from './statements/external-references.js';
import { findOrdersOfCustomer } from './statements/find-orders-of-customer.js';
import { findNumbers, readCustomers, readEvents, readItems, readKnown, readOrders } from './statements/read-orders.js';

/** Runs the statement of a kind of read. */
type Statement<K, V> = (db: ReadQueryable, keys: readonly K[]) => Promise<readonly V[]>;

/** Reads from PostgreSQL, one statement a call. An unavailable database becomes SERVICE_UNAVAILABLE. */
export function createReader({ reads }: Database, log: Logger): BatchOrderReader {
  const failures = createFailureLog(log);
  /** All keys share a statement; `memberOf` identifies each. */
  const keyed = <K, V>(memberOf: (key: K) => string, statement: Statement<K, V>): BatchRead<K, V> => ({
    nameOf: (key) => ({ shape: '', member: memberOf(key) }),
    read: (keys) => retryRead(() => statement(reads, keys), failures),
  });
  const byText = <V>(statement: Statement<string, V>) => keyed((text) => text, statement);
  /** Only equal keys share a statement. */
  const single = <K, V>(statement: (db: ReadQueryable, key: K) => Promise<V>): BatchRead<K, V> => ({
    nameOf: (key) => ({ shape: JSON.stringify(key), member: '' }),
    read: (keys) => Promise.all(keys.map((key) => retryRead(() => statement(reads, key), failures))),
  });
  return {
    order: byText(readOrders),
    isKnown: byText(readKnown),
    isCommandKnown: keyed(({ orderId, key }) => `${orderId} ${key}`, readKnownCommands),
    items: byText(readItems),
    range: {
      nameOf: (range) => ({ shape: shapeOfRange(range), member: memberOfRange(range) }),
      read: (ranges) => retryRead(() => readRanges(reads, ranges), failures),
      maxKeysOf: ({ limit }) => Math.max(1, Math.floor(MAX_RANGE_ROWS / limit)),
    },
    count: {
      nameOf: (request) => ({ shape: shapeOfCount(request), member: request.filter.customerId ?? '' }),
      read: (requests) => counted(() => retryRead(() => countOrders(reads, requests), failures)),
    },
    idOfNumber: byText(findNumbers),
    idOfReference: keyed(({ customerId, reference }) => JSON.stringify([customerId, reference]), findReferences),
    customer: byText(readCustomers),
    idsOfCustomer: single(findOrdersOfCustomer),
    events: keyed(({ orderId, from, to }) => `${orderId} ${from} ${to}`, readEvents),
    stats: single(readStatistics),
    statsSpan: single(readStatsSpan),
    statsSeries: single(readStatsSeries),
  };
}

/** Each caller waits for all rows of the statement, and they are decoded in one turn of the event loop: about 5 ms. */
const MAX_RANGE_ROWS = 2_000;

/** A count that the statement timeout cancels will not succeed, so the message does not suggest a retry. */
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
