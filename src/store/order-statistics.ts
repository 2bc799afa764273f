import { DAY_MS, processingTimeOf } from '../domain/order-statistics.js';
import type {
  StatsInterval,
  StatsKey,
  StatsPeriod,
  StatsReading,
  StatsSeriesKey,
  StatsSeriesRow,
  StatsSpan,
} from '../orders/interfaces/order-statistics.js';
import type { ReadQueryable } from '../database/database.js';
import {
  readCustomerSeries,
  readCustomerSpan,
  readCustomerStats,
  readSeries,
  readSpan,
  readStats,
  type Segment,
} from './statements/read-statistics.js';

const EPOCH = new Date(0);
const LAST = new Date(Date.UTC(9999, 11, 31));

/** Statistics of all orders from the stored rows and the events since, of one customer from its orders. One snapshot. */
export async function readStatistics(db: ReadQueryable, { period, customerId }: StatsKey): Promise<StatsReading> {
  if (customerId !== null) return { ...(await readCustomerStats(db, customerId, period)), asOf: new Date() };
  const { rows, buckets, asOf } = await readStats(db, segmentsOf(period));
  return { rows, processing: processingTimeOf(buckets), asOf: asOf ?? new Date() };
}

export async function readStatsSpan(db: ReadQueryable, { period, customerId }: StatsKey): Promise<StatsSpan> {
  const { first = null, last = null } =
    (await (customerId === null ? readSpan(db, period) : readCustomerSpan(db, customerId, period))) ?? {};
  return first === null || last === null ? null : { first, last };
}

export async function readStatsSeries(
  db: ReadQueryable,
  { period, customerId, interval }: StatsSeriesKey,
): Promise<readonly StatsSeriesRow[]> {
  return customerId === null
    ? readSeries(db, seriesSegments(period, interval), interval)
    : readCustomerSeries(db, customerId, period, interval);
}

function seriesSegments(period: StatsPeriod, interval: StatsInterval): Segment[] {
  if (interval === 'HOUR') return [{ grain: 'HOUR', from: period.from ?? EPOCH, to: period.to ?? LAST }];
  return segmentsOf({ from: period.from ?? EPOCH, to: period.to ?? LAST });
}

/** Divides a period into the fewest rows: one of each kind for all time, days for whole days, hours at the ends. */
export function segmentsOf({ from, to }: StatsPeriod): Segment[] {
  if (from === null && to === null) return [{ grain: 'ALL', from: EPOCH, to: new Date(1) }];
  const [low, high] = [from ?? EPOCH, to ?? LAST];
  const firstDay = new Date(Math.ceil(low.getTime() / DAY_MS) * DAY_MS);
  const lastDay = new Date(Math.floor(high.getTime() / DAY_MS) * DAY_MS);
  if (firstDay >= lastDay) return [{ grain: 'HOUR', from: low, to: high }];
  return [
    { grain: 'HOUR', from: low, to: firstDay },
    { grain: 'DAY', from: firstDay, to: lastDay },
    { grain: 'HOUR', from: lastDay, to: high },
  ];
}
