import { BUCKET_GROWTH } from '../../domain/order-statistics.js';
import { payloadValue } from '../event-columns.js';

/*
 * The changes of the statistics by events: orders by currency and status, and their processing times, for the hour and
 * day of their creation and for all time. A change is computed only from the event and earlier events, because the
 * order may have changed since.
 */

/** The events between two positions. Without `limit` PostgreSQL would expect a large part of the table. */
export function loggedEvents(after: string, upTo: string, limit: string): string {
  return `
SELECT e.order_id, e.version, e.type, e.from_status, e.to_status, e.occurred_at,
  ${payloadValue('e', 'currency')} AS currency, ${payloadValue('e', 'totalMinor')} AS total,
  coalesce(${payloadValue('e', 'createdAt')}, e.occurred_at) AS created_at, ${payloadValue('e', 'status')} AS status
FROM order_events e
WHERE e.position > ${after} AND e.position <= ${upTo}
ORDER BY e.position LIMIT ${limit}`;
}

/** Joins each row with its hour, its day and all time. */
const GRAINS = `
CROSS JOIN LATERAL (VALUES
  ('HOUR'::stats_grain, date_trunc('hour', c.created_at, 'UTC')),
  ('DAY'::stats_grain, date_trunc('day', c.created_at, 'UTC')),
  ('ALL'::stats_grain, 'epoch'::timestamptz)
) AS g(grain, starts_at)`;

/** Counts and sums of orders from the events of the CTE `logged`, as rows of `order_stats`. */
export const ORDERS_OF_LOGGED = `
SELECT g.grain, g.starts_at, c.currency, c.status, sum(c.count) AS count, sum(c.gross) AS gross
FROM (
  SELECT created_at, currency, to_status AS status, 1 AS count, total AS gross
  FROM logged WHERE type IN ('CREATED', 'STATUS_CHANGED')
  UNION ALL
  SELECT created_at, currency, from_status, -1, -total FROM logged WHERE type = 'STATUS_CHANGED'
  UNION ALL
  SELECT created_at, currency, status, -1, -total FROM logged WHERE type = 'DELETED'
  UNION ALL
  SELECT l.created_at, l.currency, l.status, 0, l.total - ${payloadValue('p', 'totalMinor')}
  FROM logged l JOIN order_events p ON p.order_id = l.order_id AND p.version = l.version - 1
  WHERE l.type = 'UPDATED'
) c ${GRAINS}
GROUP BY 1, 2, 3, 4
HAVING sum(c.count) <> 0 OR sum(c.gross) <> 0`;

/**
 * Processing times of orders from the events of the CTE `logged`, as rows of `order_stats_durations`. A processing time
 * ends with the first of DELIVERED and COMPLETED. The time of a deleted order is subtracted.
 */
export const DURATIONS_OF_LOGGED = `
SELECT g.grain, g.starts_at,
  CASE WHEN c.ms <= 1 THEN 0 ELSE ceil(ln(c.ms::float8) / ln(${BUCKET_GROWTH}::float8))::int END AS bucket,
  sum(c.count) AS count, sum(c.count * c.ms) AS total_ms
FROM (
  SELECT t.created_at, t.count, round(extract(epoch FROM t.through_at - t.created_at) * 1000) AS ms
  FROM (
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
  ) t
) c ${GRAINS}
GROUP BY 1, 2, 3
HAVING sum(c.count) <> 0 OR sum(c.count * c.ms) <> 0`;
