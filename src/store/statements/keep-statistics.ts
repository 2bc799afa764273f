import { BUCKET_GROWTH } from '../../domain/statistics.js';
import type { Queryable } from '../database.js';

/** How far the statistics have come, and how far the log has. */
export interface StatsPlace {
  readonly position: bigint;
  readonly last: bigint;
}

/** Takes the consumer's row for this transaction; null where another process has it. */
export async function takeStatistics(tx: Queryable): Promise<StatsPlace | null> {
  const [row] = await tx.$queryRawUnsafe<StatsPlace[]>(TAKE_STATISTICS);
  return row ?? null;
}

const TAKE_STATISTICS = `
SELECT c.position, s.position AS last, set_config('idle_in_transaction_session_timeout', '2000', true)
FROM event_consumers c CROSS JOIN event_sequencer s
WHERE c.name = 'order_stats' AND s.id = 1
FOR UPDATE OF c SKIP LOCKED`;

/**
 * Counts the events between two positions: orders by currency and status, and how long they took, by the hour, the day
 * and all time of their creation. What an event takes away is told by the event itself and those before it, never by
 * the order, which may have moved on since.
 */
export async function countEvents(tx: Queryable, after: bigint, upTo: bigint): Promise<void> {
  await tx.$executeRawUnsafe(COUNT_ORDERS, after, upTo);
  await tx.$executeRawUnsafe(COUNT_DURATIONS, after, upTo);
  await tx.$executeRawUnsafe(ADVANCE_STATISTICS, after, upTo);
}

const LOGGED = `
SELECT e.order_id, e.version, e.type, e.from_status, e.to_status, e.occurred_at,
  e.payload->>'currency' AS currency, (e.payload->>'totalMinor')::numeric AS total,
  (e.payload->>'createdAt')::timestamptz(3) AS created_at, (e.payload->>'status')::order_status AS status
FROM order_events e
WHERE e.position > $1::bigint AND e.position <= $2::bigint`;

/** Each thing that was counted once for each grain. */
const GRAINS = `
CROSS JOIN LATERAL (VALUES
  ('HOUR'::stats_grain, date_trunc('hour', c.created_at, 'UTC')),
  ('DAY'::stats_grain, date_trunc('day', c.created_at, 'UTC')),
  ('ALL'::stats_grain, 'epoch'::timestamptz)
) AS g(grain, starts_at)`;

const COUNT_ORDERS = `
WITH logged AS MATERIALIZED (${LOGGED}), counted AS (
  SELECT created_at, currency, to_status AS status, 1 AS count, total AS gross
  FROM logged WHERE type IN ('CREATED', 'STATUS_CHANGED')
  UNION ALL
  SELECT created_at, currency, from_status, -1, -total FROM logged WHERE type = 'STATUS_CHANGED'
  UNION ALL
  SELECT created_at, currency, status, -1, -total FROM logged WHERE type = 'DELETED'
  UNION ALL
  SELECT l.created_at, l.currency, l.status, 0, l.total - (p.payload->>'totalMinor')::numeric
  FROM logged l JOIN order_events p ON p.order_id = l.order_id AND p.version = l.version - 1
  WHERE l.type = 'UPDATED'
)
INSERT INTO order_stats AS s (grain, starts_at, currency, status, count, gross)
SELECT g.grain, g.starts_at, c.currency, c.status, sum(c.count), sum(c.gross)
FROM counted c ${GRAINS}
GROUP BY 1, 2, 3, 4
HAVING sum(c.count) <> 0 OR sum(c.gross) <> 0
ON CONFLICT (grain, starts_at, currency, status)
DO UPDATE SET count = s.count + excluded.count, gross = s.gross + excluded.gross`;

/** An order is through with the first of DELIVERED and COMPLETED; a deleted one takes its time away again. */
const COUNT_DURATIONS = `
WITH logged AS MATERIALIZED (${LOGGED}), through AS (
  SELECT created_at, occurred_at AS through_at, 1 AS count
  FROM logged WHERE to_status IN ('DELIVERED', 'COMPLETED') AND from_status <> 'DELIVERED'
  UNION ALL
  SELECT l.created_at, f.occurred_at, -1
  FROM logged l
  CROSS JOIN LATERAL (
    SELECT f.occurred_at FROM order_events f
    WHERE f.order_id = l.order_id AND f.to_status IN ('DELIVERED', 'COMPLETED')
    ORDER BY f.version LIMIT 1
  ) f
  WHERE l.type = 'DELETED'
), counted AS (
  SELECT created_at, count, round(extract(epoch FROM through_at - created_at) * 1000) AS ms FROM through
)
INSERT INTO order_stats_durations AS s (grain, starts_at, bucket, count, total_ms)
SELECT g.grain, g.starts_at,
  CASE WHEN c.ms <= 1 THEN 0 ELSE ceil(ln(c.ms::float8) / ln(${BUCKET_GROWTH}::float8))::int END,
  sum(c.count), sum(c.count * c.ms)
FROM counted c ${GRAINS}
GROUP BY 1, 2, 3
HAVING sum(c.count) <> 0 OR sum(c.count * c.ms) <> 0
ON CONFLICT (grain, starts_at, bucket)
DO UPDATE SET count = s.count + excluded.count, total_ms = s.total_ms + excluded.total_ms`;

const ADVANCE_STATISTICS = `
UPDATE event_consumers c
SET position = $2::bigint, event_at = greatest(c.event_at, (
  SELECT max(e.occurred_at) FROM order_events e WHERE e.position > $1::bigint AND e.position <= $2::bigint
))
WHERE c.name = 'order_stats'`;
