import type { Queryable } from '../../database/database.js';
import { DURATIONS_OF_LOGGED, loggedEvents, ORDERS_OF_LOGGED } from './statistics-of-events.js';

/** How far the statistics have come, and how far the log has. */
export interface StatsPlace {
  readonly position: bigint;
  readonly last: bigint;
}

/**
 * Takes the consumer's row for this transaction.
 *
 * @param least how many events must be there to be counted
 * @returns null where there are fewer, or where another process has the row
 */
export async function lockStatistics(tx: Queryable, least: number): Promise<StatsPlace | null> {
  const [row] = await tx.$queryRawUnsafe<StatsPlace[]>(LOCK_STATISTICS, least);
  return row ?? null;
}

const LOCK_STATISTICS = `
SELECT c.position, l.last, set_config('idle_in_transaction_session_timeout', '2000', true)
FROM event_consumers c
CROSS JOIN (SELECT coalesce(max(e.position), 0) AS last FROM order_events e) l
WHERE c.name = 'order_stats' AND l.last - c.position >= $1::int
FOR UPDATE OF c SKIP LOCKED`;

/** Counts the events between two positions. */
export async function countEvents(tx: Queryable, after: bigint, upTo: bigint): Promise<void> {
  await tx.$executeRawUnsafe(COUNT_ORDERS, after, upTo);
  await tx.$executeRawUnsafe(COUNT_DURATIONS, after, upTo);
  await tx.$executeRawUnsafe(ADVANCE_STATISTICS, after, upTo);
}

const LOGGED = `logged AS MATERIALIZED (${loggedEvents('$1::bigint', '$2::bigint', '$2::bigint - $1::bigint')})`;

const COUNT_ORDERS = `
WITH ${LOGGED}
INSERT INTO order_stats AS s (grain, starts_at, currency, status, count, gross)
${ORDERS_OF_LOGGED}
ON CONFLICT (grain, starts_at, currency, status)
DO UPDATE SET count = s.count + excluded.count, gross = s.gross + excluded.gross`;

const COUNT_DURATIONS = `
WITH ${LOGGED}
INSERT INTO order_stats_durations AS s (grain, starts_at, bucket, count, total_ms)
${DURATIONS_OF_LOGGED}
ON CONFLICT (grain, starts_at, bucket)
DO UPDATE SET count = s.count + excluded.count, total_ms = s.total_ms + excluded.total_ms`;

const ADVANCE_STATISTICS = `
UPDATE event_consumers c
SET position = $2::bigint, event_at = greatest(c.event_at, (
  SELECT max(e.occurred_at) FROM order_events e WHERE e.position > $1::bigint AND e.position <= $2::bigint
))
WHERE c.name = 'order_stats'`;
