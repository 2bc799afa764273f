import { processingTimeOf } from '../domain/order-statistics.js';
import type {
  StatsInterval,
  StatsKeeper,
  StatsKey,
  StatsPeriod,
  StatsReading,
  StatsSeriesKey,
  StatsSeriesRow,
  StatsSpan,
} from '../orders/interfaces/order-statistics.js';
import type { Database, Queryable } from '../database/database.js';
import { countEvents, lockStatistics } from './statements/count-events.js';
import {
  readCustomerSeries,
  readCustomerSpan,
  readCustomerStats,
  readSeries,
  readSpan,
  readStats,
  type Segment,
} from './statements/read-statistics.js';

/** Counts events in the transaction that says they are counted, so that no crash counts one twice or never. */
export function createStatsKeeper({ prisma }: Database): StatsKeeper {
  return {
    advance: async (limit, least) =>
      prisma.$transaction(async (tx) => {
        const state = await lockStatistics(tx, least);
        if (state === null) return 0;
        const { position, last } = state;
        const upTo = last - position > BigInt(limit) ? position + BigInt(limit) : last;
        if (upTo > position) await countEvents(tx, position, upTo);
        return Number(upTo - position);
      }),
  };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const EPOCH = new Date(0);
const LAST = new Date(Date.UTC(9999, 11, 31));

/** Statistics from the rows that are kept and the events since; one customer's from the orders. Each is of one moment. */
export async function readStatistics(db: Queryable, { period, customerId }: StatsKey): Promise<StatsReading> {
  if (customerId !== null) return { ...(await readCustomerStats(db, customerId, period)), asOf: new Date() };
  const { rows, buckets, asOf } = await readStats(db, segmentsOf(period));
  return { rows, processing: processingTimeOf(buckets), asOf: asOf ?? new Date() };
}

export async function readStatsSpan(db: Queryable, { period, customerId }: StatsKey): Promise<StatsSpan> {
  const { first = null, last = null } =
    (await (customerId === null ? readSpan(db, period) : readCustomerSpan(db, customerId, period))) ?? {};
  return first === null || last === null ? null : { first, last };
}

export async function readStatsSeries(
  db: Queryable,
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

/** A period as few rows as will do: all time is one of each kind, whole days are days, and hours only at the ends. */
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
