import { ORDER_STATUSES, type OrderStatus } from './lifecycle.js';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** How long orders took from creation to the first of DELIVERED and COMPLETED, in milliseconds. */
export interface ProcessingTime {
  readonly averageMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** The growth factor of the upper bounds of the buckets of processing times. */
export const BUCKET_GROWTH = 1.04;

/** A bucket of the histogram: the number of orders and their total time. */
export interface Bucket {
  /** Bucket `b` holds times above `BUCKET_GROWTH ** (b - 1)` and up to `BUCKET_GROWTH ** b` milliseconds. */
  readonly bucket: number;
  readonly count: number;
  readonly totalMs: number;
}

/** Computes the processing times from a histogram, with percentiles accurate to within 2 %. Null if it is empty. */
export function processingTimeOf(histogram: readonly Bucket[]): ProcessingTime | null {
  const buckets = histogram.filter(({ count }) => count > 0).toSorted((left, right) => left.bucket - right.bucket);
  const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  if (count === 0) return null;
  const totalMs = buckets.reduce((sum, bucket) => sum + bucket.totalMs, 0);
  return {
    averageMs: totalMs / count,
    p50Ms: percentile(buckets, 0.5 * count),
    p95Ms: percentile(buckets, 0.95 * count),
  };
}

/** The time that at least this many orders did not exceed: the middle of its bucket. */
function percentile(buckets: readonly Bucket[], rank: number): number {
  let seen = 0;
  for (const { bucket, count } of buckets) {
    seen += count;
    if (seen >= rank) return (2 * BUCKET_GROWTH ** bucket) / (BUCKET_GROWTH + 1);
  }
  throw new Error(`rank ${rank} of ${seen}`);
}

interface Counted {
  readonly currency: string;
  readonly status: OrderStatus;
  readonly count: number;
  readonly gross: bigint;
}

/** Orders of one currency that were not cancelled. Amounts are in minor units. */
export interface CurrencySums {
  readonly currency: string;
  readonly count: number;
  readonly gross: bigint;
  /** Rounded half up to the minor unit; null if there are no orders. */
  readonly average: bigint | null;
}

/** The number of orders in every status, in lifecycle order. */
export function byStatus(rows: readonly Counted[]): { readonly status: OrderStatus; readonly count: number }[] {
  return ORDER_STATUSES.map((status) => ({
    status,
    count: rows.filter((row) => row.status === status).reduce((sum, row) => sum + row.count, 0),
  }));
}

/** The sums of orders by currency, without cancelled orders. */
export function byCurrency(rows: readonly Counted[]): CurrencySums[] {
  const groups = Map.groupBy(
    rows.filter(({ status, count }) => status !== 'CANCELLED' && count > 0),
    ({ currency }) => currency,
  );
  return [...groups]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([currency, group]) => {
      const count = group.reduce((sum, row) => sum + row.count, 0);
      const gross = group.reduce((sum, row) => sum + row.gross, 0n);
      return { currency, count, gross, average: roundedQuotient(gross, BigInt(count)) };
    });
}

function roundedQuotient(dividend: bigint, divisor: bigint): bigint | null {
  return divisor === 0n ? null : (2n * dividend + divisor) / (2n * divisor);
}
