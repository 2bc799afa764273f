import type { OrderStatus } from '../../domain/lifecycle.js';
import type { Bucket, ProcessingTime } from '../../domain/order-statistics.js';
import {
  ORDER_STATISTICS,
  type StatsInterval,
  type StatsPeriod,
  type StatsRow,
  type StatsSeriesRow,
} from '../../orders/interfaces/order-statistics.js';
import type { ReadQueryable } from '../../database/database.js';
import { query, readRows } from '../statement.js';
import { DURATIONS_OF_LOGGED, loggedEvents, ORDERS_OF_LOGGED } from './statistics-of-events.js';

/** A range of rows of one grain. */
export interface Segment {
  readonly grain: 'HOUR' | 'DAY' | 'ALL';
  readonly from: Date;
  readonly to: Date;
}

interface Counted {
  readonly currency: string;
  readonly status: OrderStatus;
  readonly count: string;
  readonly gross: string;
}

function toRow({ currency, status, count, gross }: Counted): StatsRow {
  return { currency, status, count: Number(count), gross: BigInt(gross) };
}

const COUNTED = { currency: 'text', status: 'order_status', count: 'text', gross: 'text' } as const;

type CountedAt = Counted & { readonly startsAt: Date };

function toSeriesRow(row: CountedAt): StatsSeriesRow {
  return { ...toRow(row), startsAt: row.startsAt };
}

function columnsOf(segments: readonly Segment[]): [string[], Date[], Date[]] {
  return [segments.map(({ grain }) => grain), segments.map(({ from }) => from), segments.map(({ to }) => to)];
}

/**
 * The maximum number of events that a query counts in addition to the stored rows. It is twice the batch size of the
 * consumer, so that a running batch causes no gap. If the consumer is further behind, the result is that of an earlier
 * time.
 */
const MOST_RECENT = 4_000;

/**
 * The CTEs of the events after the position of the consumer, which a query adds to the stored rows. One statement has
 * one snapshot, so every event is either in the rows or in these CTEs. The aggregate returns a row even if the consumer
 * has none.
 */
const PROGRESS = '(SELECT p.position FROM progress p)';
const RECENT = `
progress AS MATERIALIZED (
  SELECT coalesce(max(c.position), 0) AS position, max(c.event_at) AS event_at
  FROM event_consumers c WHERE c.name = '${ORDER_STATISTICS}'
),
logged AS MATERIALIZED (${loggedEvents(PROGRESS, `${PROGRESS} + ${MOST_RECENT}`, String(MOST_RECENT))}),
recent AS MATERIALIZED (${ORDERS_OF_LOGGED})`;

const SEGMENTS = `unnest($1::stats_grain[], $2::timestamptz(3)[], $3::timestamptz(3)[]) AS p(grain, low, high)`;

export interface KeptStats {
  readonly rows: StatsRow[];
  readonly buckets: readonly Bucket[];
  /** The time of the last counted event; null if there is none. */
  readonly asOf: Date | null;
}

/** The statistics of segments that do not overlap, at one time. */
export async function readStats(db: ReadQueryable, segments: readonly Segment[]): Promise<KeptStats> {
  const [row] = await readRows(db, READ_STATS, ...columnsOf(segments));
  return { rows: (row?.rows ?? []).map(toRow), buckets: row?.buckets ?? [], asOf: row?.asOf ?? null };
}

const inSegmentsOf = (table: string) => `
  SELECT s.* FROM segments p JOIN ${table} s ON s.grain = p.grain AND s.starts_at >= p.low AND s.starts_at < p.high`;

/** The rows of a table and the recent rows of the same kind within the segments. */
function inSegments(table: string, recent: string): string {
  return `${inSegmentsOf(table)}
  UNION ALL${inSegmentsOf(recent)}`;
}

interface StatsRecord {
  readonly rows: readonly Counted[];
  readonly buckets: readonly Bucket[];
  readonly asOf: Date | null;
}

export const READ_STATS = query<StatsRecord>(
  `
WITH segments AS MATERIALIZED (SELECT * FROM ${SEGMENTS}), ${RECENT},
recent_durations AS MATERIALIZED (${DURATIONS_OF_LOGGED}),
counted AS (
  SELECT s.currency, s.status, sum(s.count)::text AS count, sum(s.gross)::text AS gross
  FROM (${inSegments('order_stats', 'recent')}) s
  GROUP BY s.currency, s.status
), durations AS (
  SELECT s.bucket, sum(s.count) AS count, sum(s.total_ms) AS "totalMs"
  FROM (${inSegments('order_stats_durations', 'recent_durations')}) s
  GROUP BY s.bucket
)
SELECT (SELECT coalesce(jsonb_agg(c), '[]') FROM counted c) AS rows,
  (SELECT coalesce(jsonb_agg(d), '[]') FROM durations d) AS buckets,
  greatest((SELECT p.event_at FROM progress p), (SELECT max(l.occurred_at) FROM logged l)) AS "asOf"`,
  { rows: 'jsonb', buckets: 'jsonb', asOf: 'timestamptz(3)' },
);

/** Counts and sums of segments by the hour or day. */
export async function readSeries(
  db: ReadQueryable,
  segments: readonly Segment[],
  interval: StatsInterval,
): Promise<StatsSeriesRow[]> {
  const rows = await readRows(db, READ_SERIES, ...columnsOf(segments), interval.toLowerCase());
  return rows.map(toSeriesRow);
}

export const READ_SERIES = query<CountedAt>(
  `
WITH segments AS MATERIALIZED (SELECT * FROM ${SEGMENTS}), ${RECENT}
SELECT date_trunc($4::text, s.starts_at, 'UTC') AS "startsAt", s.currency, s.status, sum(s.count)::text AS count,
  sum(s.gross)::text AS gross
FROM (${inSegments('order_stats', 'recent')}) s
GROUP BY 1, s.currency, s.status
ORDER BY 1`,
  { startsAt: 'timestamptz(3)', ...COUNTED },
);

export interface Span {
  readonly first: Date | null;
  readonly last: Date | null;
}

/** The first and the last hour with orders. */
export async function readSpan(db: ReadQueryable, { from, to }: StatsPeriod): Promise<Span | undefined> {
  const [row] = await readRows(db, READ_SPAN, from, to);
  return row;
}

const inPeriod = (startsAt: string) => `
  ${startsAt} >= coalesce($1::timestamptz(3), '-infinity') AND ${startsAt} < coalesce($2::timestamptz(3), 'infinity')`;

/**
 * Reads one entry from each end of the index. The counts of recent events are added to the stored counts of their
 * hours.
 */
const endOfKept = (direction: 'ASC' | 'DESC') => `(
  SELECT s.starts_at FROM order_stats s
  WHERE s.grain = 'HOUR' AND s.count > 0 AND ${inPeriod('s.starts_at')}
    AND NOT EXISTS (SELECT 1 FROM hours h WHERE h.starts_at = s.starts_at)
  ORDER BY s.starts_at ${direction} LIMIT 1)`;

const SPAN = { first: 'timestamptz(3)', last: 'timestamptz(3)' } as const;

export const READ_SPAN = query<Span>(
  `
WITH ${RECENT}, hours AS MATERIALIZED (
  SELECT r.starts_at, sum(r.count) + coalesce(
    (SELECT sum(s.count) FROM order_stats s WHERE s.grain = 'HOUR' AND s.starts_at = r.starts_at), 0) AS count
  FROM recent r WHERE r.grain = 'HOUR' GROUP BY r.starts_at
), ends AS (
  SELECT min(h.starts_at) AS first, max(h.starts_at) AS last FROM hours h
  WHERE h.count > 0 AND ${inPeriod('h.starts_at')}
)
SELECT least(e.first, ${endOfKept('ASC')}) AS first, greatest(e.last, ${endOfKept('DESC')}) AS last FROM ends e`,
  SPAN,
);

const OF_CUSTOMER = `
o.customer_id = $1::text AND o.deleted_at IS NULL AND o.created_at >= coalesce($2::timestamptz(3), '-infinity')
  AND o.created_at < coalesce($3::timestamptz(3), 'infinity')`;

/** The same for one customer, computed from the orders. */
export async function readCustomerStats(
  db: ReadQueryable,
  customerId: string,
  { from, to }: StatsPeriod,
): Promise<{ readonly rows: StatsRow[]; readonly processing: ProcessingTime | null }> {
  const [row] = await readRows(db, READ_CUSTOMER_STATS, customerId, from, to);
  return { rows: (row?.rows ?? []).map(toRow), processing: row?.processing ?? null };
}

interface CustomerStatsRecord {
  readonly rows: readonly Counted[];
  readonly processing: ProcessingTime | null;
}

export const READ_CUSTOMER_STATS = query<CustomerStatsRecord>(
  `
WITH mine AS MATERIALIZED (
  SELECT o.id, o.currency, o.status, o.total, o.created_at FROM orders o WHERE ${OF_CUSTOMER}
), counted AS (
  SELECT m.currency, m.status, count(*)::text AS count, sum(m.total)::text AS gross
  FROM mine m GROUP BY m.currency, m.status
), durations AS (
  SELECT extract(epoch FROM f.occurred_at - m.created_at) * 1000 AS ms
  FROM mine m
  CROSS JOIN LATERAL (
    SELECT e.occurred_at FROM order_events e
    WHERE e.order_id = m.id AND e.to_status IN ('DELIVERED', 'COMPLETED')
    ORDER BY e.version LIMIT 1
  ) f
  WHERE m.status IN ('DELIVERED', 'COMPLETED')
), processing AS (
  SELECT avg(d.ms)::float8 AS "averageMs", percentile_disc(0.5) WITHIN GROUP (ORDER BY d.ms)::float8 AS "p50Ms",
    percentile_disc(0.95) WITHIN GROUP (ORDER BY d.ms)::float8 AS "p95Ms"
  FROM durations d HAVING count(*) > 0
)
SELECT (SELECT coalesce(jsonb_agg(c), '[]') FROM counted c) AS rows,
  (SELECT to_jsonb(p) FROM processing p) AS processing`,
  { rows: 'jsonb', processing: 'jsonb' },
);

export async function readCustomerSeries(
  db: ReadQueryable,
  customerId: string,
  { from, to }: StatsPeriod,
  interval: StatsInterval,
): Promise<StatsSeriesRow[]> {
  const rows = await readRows(db, READ_CUSTOMER_SERIES, customerId, from, to, interval.toLowerCase());
  return rows.map(toSeriesRow);
}

export const READ_CUSTOMER_SERIES = query<CountedAt>(
  `
SELECT date_trunc($4::text, o.created_at, 'UTC') AS "startsAt", o.currency, o.status, count(*)::text AS count,
  sum(o.total)::text AS gross
FROM orders o WHERE ${OF_CUSTOMER}
GROUP BY 1, o.currency, o.status
ORDER BY 1`,
  { startsAt: 'timestamptz(3)', ...COUNTED },
);

export async function readCustomerSpan(
  db: ReadQueryable,
  customerId: string,
  { from, to }: StatsPeriod,
): Promise<Span | undefined> {
  const [row] = await readRows(db, READ_CUSTOMER_SPAN, customerId, from, to);
  return row;
}

export const READ_CUSTOMER_SPAN = query<Span>(
  `
SELECT date_trunc('hour', min(o.created_at), 'UTC') AS first, date_trunc('hour', max(o.created_at), 'UTC') AS last
FROM orders o WHERE ${OF_CUSTOMER}`,
  SPAN,
);
