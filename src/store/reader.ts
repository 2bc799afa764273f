import type { Logger } from 'pino';
import { RequestError } from '../domain/errors.js';
import { createFailureLog } from '../observability/failure-log.js';
import type { BatchOrderReader, BatchRead } from '../orders/interfaces/order-reader.js';
import type { StatementBounds } from '../database/cancellable-reads.js';
import type { Database, ReadQueryable } from '../database/database.js';
import type { CountRequest } from '../orders/interfaces/order-filter.js';
import { classify } from '../database/database-errors.js';
import { readKnownCommands } from './idempotency-lookup.js';
import { readStatistics, readStatsSeries, readStatsSpan } from './order-statistics.js';
import { retryRead } from './retry-read.js';
import { countOrders, shapeOfCount } from './statements/count-orders.js';
import { memberOfRange, readRanges, shapeOfRange } from './statements/page-orders.js';
import { findReferences } from './statements/external-references.js';
import { findOrdersOfCustomer } from './statements/find-orders-of-customer.js';
import { maxKeysOfPage, memberOfPage, readEventPages, shapeOfPage } from './statements/page-events.js';
import { readLatest, readStartPoint } from './statements/read-log.js';
import { findNumbers, readCustomers, readEvents, readItems, readKnown, readOrders } from './statements/read-orders.js';

/** Runs the statement of a kind of read. */
type Statement<K, V> = (db: ReadQueryable, keys: readonly K[]) => Promise<readonly V[]>;

/** Reads from PostgreSQL, one statement a call. An unavailable database becomes SERVICE_UNAVAILABLE. */
export function createReader(
  database: Database,
  { countTimeoutMs }: { readonly countTimeoutMs: number },
  log: Logger,
): BatchOrderReader {
  const { reads } = database;
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
      read: (requests, signal) =>
        retryRead(() => countWithin(database, requests, { signal, timeoutMs: countTimeoutMs }), failures),
      isCancellable: true,
    },
    idOfNumber: byText(findNumbers),
    idOfReference: keyed(({ customerId, reference }) => JSON.stringify([customerId, reference]), findReferences),
    customer: byText(readCustomers),
    idsOfCustomer: single(findOrdersOfCustomer),
    events: keyed(({ orderId, from, to }) => `${orderId} ${from} ${to}`, readEvents),
    eventPage: {
      nameOf: (key) => ({ shape: shapeOfPage(key), member: memberOfPage(key) }),
      read: (keys) => retryRead(() => readEventPages(reads, keys), failures),
      maxKeysOf: maxKeysOfPage,
    },
    startPoint: single(readStartPoint),
    latestEvents: single(readLatest),
    stats: single(readStatistics),
    statsSpan: single(readStatsSpan),
    statsSeries: single(readStatsSeries),
  };
}

/** Each caller waits for all rows of the statement, and they are decoded in one turn of the event loop: about 5 ms. */
const MAX_RANGE_ROWS = 2_000;

/** Counts within a time, as long as a caller waits. A count that is cancelled is not a failure of the database. */
async function countWithin(
  { readsWithin }: Database,
  requests: readonly CountRequest[],
  bounds: StatementBounds,
): Promise<readonly number[]> {
  try {
    return await countOrders(readsWithin(bounds), requests);
  } catch (cause) {
    if (bounds.signal.aborted) throw new RequestError('CANCELLED', 'The count was cancelled: nothing waits for it.');
    if (classify(cause).sqlState !== QUERY_CANCELED) throw cause;
    const isExact = requests.some(({ limit }) => limit === null);
    const remedy = isExact ? 'Use `count(limit:)` in place of `totalCount`' : 'Use a smaller `limit`';
    const message = `The count did not finish within its time limit (COUNT_TIMEOUT_MS). ${remedy}, or narrow \`where\`.`;
    throw new RequestError('COUNT_TIMEOUT', message);
  }
}

const QUERY_CANCELED = '57014';
