import { processingTimeOf } from '../domain/statistics.js';
import type { StatsInterval, StatsKeeper, StatsPeriod, StatsReader, StatsReading } from '../orders/ports.js';
import type { Database, Queryable } from './database.js';
import { translated } from './translated.js';
import { countEvents, takeStatistics } from './statements/keep-statistics.js';
import {
  readAsOf,
  readCustomerDurations,
  readCustomerSeries,
  readCustomerSpan,
  readCustomerStats,
  readDurations,
  readSeries,
  readSpan,
  readStats,
  type Stretch,
} from './statements/read-statistics.js';

/** Counts events in the transaction that says they are counted, so that no crash counts one twice or never. */
export function createStatsKeeper({ prisma }: Database): StatsKeeper {
  return {
    advance: async (limit) =>
      prisma.$transaction(async (tx) => {
        const place = await takeStatistics(tx);
        if (place === null) return 'taken';
        const { position, last } = place;
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

/** Statistics from the rows that the keeper keeps; one customer's from the orders. Each reading sees one moment. */
export function createStatsReader({ prisma }: Database): StatsReader {
  return {
    read: (period, customerId) =>
      translated(() =>
        prisma.$transaction(
          (tx) => (customerId === null ? readAll(tx, period) : readCustomer(tx, customerId, period)),
          {
            isolationLevel: 'RepeatableRead',
          },
        ),
      ),
    span: (period, customerId) =>
      translated(async () => {
        const span = customerId === null ? readSpan(prisma, period) : readCustomerSpan(prisma, customerId, period);
        const { first = null, last = null } = (await span) ?? {};
        return first === null || last === null ? null : { first, last };
      }),
    series: (period, interval, customerId) =>
      translated(() =>
        customerId === null
          ? readSeries(prisma, seriesStretches(period, interval), interval)
          : readCustomerSeries(prisma, customerId, period, interval),
      ),
  };
}

async function readAll(tx: Queryable, period: StatsPeriod): Promise<StatsReading> {
  const stretches = stretchesOf(period);
  const rows = await readStats(tx, stretches);
  const processing = processingTimeOf(await readDurations(tx, stretches));
  return { rows, processing, asOf: (await readAsOf(tx)) ?? new Date() };
}

async function readCustomer(tx: Queryable, customerId: string, period: StatsPeriod): Promise<StatsReading> {
  const rows = await readCustomerStats(tx, customerId, period);
  return { rows, processing: await readCustomerDurations(tx, customerId, period), asOf: new Date() };
}

function seriesStretches(period: StatsPeriod, interval: StatsInterval): Stretch[] {
  if (interval === 'HOUR') return [{ grain: 'HOUR', from: period.from ?? EPOCH, to: period.to ?? LAST }];
  return stretchesOf({ from: period.from ?? EPOCH, to: period.to ?? LAST });
}

/** A period as few rows as will do: all time is one of each kind, whole days are days, and hours only at the ends. */
export function stretchesOf({ from, to }: StatsPeriod): Stretch[] {
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
