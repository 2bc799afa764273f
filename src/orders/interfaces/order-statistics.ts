import type { OrderStatus } from '../../domain/lifecycle.js';
import type { ProcessingTime } from '../../domain/order-statistics.js';

/** Name of the consumer that counts events into the statistics; queries add the events after its position. */
export const ORDER_STATISTICS = 'order-statistics';

/** From `from` (inclusive) to `to` (exclusive), both whole hours in UTC. Null is no bound. */
export interface StatsPeriod {
  readonly from: Date | null;
  readonly to: Date | null;
}

/** The orders of one currency and status. */
export interface StatsRow {
  readonly currency: string;
  readonly status: OrderStatus;
  readonly count: number;
  /** The sum of their totals, in minor units. */
  readonly gross: bigint;
}

/** The statistics of a period. */
export interface StatsReading {
  readonly rows: readonly StatsRow[];
  readonly processing: ProcessingTime | null;
  /** Time of the latest change included. */
  readonly asOf: Date;
}

export type StatsInterval = 'HOUR' | 'DAY';

export interface StatsSeriesRow extends StatsRow {
  /** Start of the hour or day, in UTC. */
  readonly startsAt: Date;
}

/** Identifies statistics. */
export interface StatsKey {
  readonly period: StatsPeriod;
  /** Only the orders of this customer, computed on request. Null: all orders, precomputed. */
  readonly customerId: string | null;
}

export interface StatsSeriesKey extends StatsKey {
  readonly interval: StatsInterval;
}

/** Start of the first and last hour with orders; null if there are none. */
export type StatsSpan = { readonly first: Date; readonly last: Date } | null;
