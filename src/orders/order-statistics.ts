import { RequestError } from '../domain/errors.js';
import { DAY_MS, HOUR_MS } from '../domain/order-statistics.js';
import { ownerFilter } from '../domain/viewer.js';
import { storable } from './storable-time.js';
import type { Caller } from './interfaces/caller.js';
import type { OrderReader } from './interfaces/order-reader.js';
import type {
  StatsInterval,
  StatsPeriod,
  StatsReading,
  StatsRow,
  StatsSeriesKey,
  StatsSeriesRow,
} from './interfaces/order-statistics.js';

export interface StatsRequest {
  readonly from: Date | null;
  readonly to: Date | null;
  readonly customerId: string | null;
}

/** The orders created in one hour or day. */
export interface StatsPoint {
  readonly from: Date;
  readonly rows: readonly StatsRow[];
}

export interface Statistics extends StatsReading {
  /** Every hour or day of the period. An open side of the period ends at the first or last hour with orders. */
  readonly series: (interval: StatsInterval) => Promise<readonly StatsPoint[]>;
}

const INTERVAL_MS: Readonly<Record<StatsInterval, number>> = { HOUR: HOUR_MS, DAY: DAY_MS };
/** The maximum number of points of a series. */
export const MAX_POINTS = 2_000;
/** The maximum number of currencies of a point, on average over a series of `MAX_POINTS`. */
export const CURRENCIES_OF_A_POINT = 10;

/** Statistics of the orders that the caller may see. @throws RequestError BAD_USER_INPUT */
export async function readStatistics(
  reader: OrderReader,
  request: StatsRequest,
  { viewer }: Caller,
): Promise<Statistics> {
  const period = checkPeriod(request);
  const owner = ownerFilter(viewer);
  const customerId = request.customerId ?? owner;
  if (owner !== null && (owner === '' || customerId !== owner)) {
    return { rows: [], processing: null, asOf: new Date(), series: () => Promise.resolve([]) };
  }
  const key = { period, customerId };
  const series = new Map<StatsInterval, Promise<StatsPoint[]>>(); // aliases of one request share the points
  const seriesOf = async (interval: StatsInterval) => {
    const points = series.get(interval) ?? readPoints(reader, { ...key, interval });
    series.set(interval, points);
    return points;
  };
  return { ...(await reader.stats(key)), series: seriesOf };
}

function checkPeriod({ from, to }: StatsPeriod): StatsPeriod {
  for (const [argument, bound] of Object.entries({ from, to })) {
    if (bound !== null && bound.getTime() % HOUR_MS !== 0) {
      const message = `${argument} must be a whole hour in UTC; it is ${bound.toISOString()}.`;
      throw new RequestError('BAD_USER_INPUT', message, { details: { argument } });
    }
  }
  if (from !== null && to !== null && from >= to) {
    throw new RequestError('BAD_USER_INPUT', 'to must be later than from.', { details: { argument: 'to' } });
  }
  return { from: from === null ? null : storable(from), to: to === null ? null : storable(to) };
}

async function readPoints(reader: OrderReader, key: StatsSeriesKey): Promise<StatsPoint[]> {
  const { period, interval, customerId } = key;
  const length = INTERVAL_MS[interval];
  const span = await reader.statsSpan({ period, customerId });
  const first = period.from ?? span?.first;
  const end = period.to?.getTime() ?? (span === null ? undefined : span.last.getTime() + 1);
  if (first === undefined || end === undefined) return [];
  const start = Math.floor(first.getTime() / length) * length;
  const count = Math.ceil((end - start) / length);
  if (count > MAX_POINTS) {
    const message = `series must contain at most ${MAX_POINTS} points; it would contain ${count}. Choose a shorter period or a longer interval.`;
    throw new RequestError('BAD_USER_INPUT', message, { details: { argument: 'interval' } });
  }
  const rows: readonly StatsSeriesRow[] = span === null ? [] : await reader.statsSeries(key);
  const amounts = new Set(rows.map(({ startsAt, currency }) => `${startsAt.getTime()} ${currency}`)).size;
  if (amounts > MAX_POINTS * CURRENCIES_OF_A_POINT) {
    const message = `series must contain at most ${MAX_POINTS * CURRENCIES_OF_A_POINT} totals by currency; it would contain ${amounts}. Choose a shorter period or a longer interval.`;
    throw new RequestError('BAD_USER_INPUT', message, { details: { argument: 'interval' } });
  }
  const byStart = Map.groupBy(rows, ({ startsAt }) => startsAt.getTime());
  return Array.from({ length: Math.max(0, count) }, (_, index) => {
    const at = start + index * length;
    return { from: new Date(at), rows: byStart.get(at) ?? [] };
  });
}
