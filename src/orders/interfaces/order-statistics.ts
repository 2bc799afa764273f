import type { OrderStatus } from '../../domain/lifecycle.js';
import type { ProcessingTime } from '../../domain/order-statistics.js';

/** Name of the consumer that counts events into the statistics; readings add the events behind its position. */
export const ORDER_STATISTICS = 'order-statistics';

/** From `from` on and before `to`, both whole hours in UTC; null leaves that side open. */
export interface StatsPeriod {
  readonly from: Date | null;
  readonly to: Date | null;
}

/** Orders of one currency and status, by when they were created. */
export interface StatsRow {
  readonly currency: string;
  readonly status: OrderStatus;
  readonly count: number;
  /** What they cost together, in minor units. */
  readonly gross: bigint;
}

/** What is known of the orders of a period. */
export interface StatsReading {
  readonly rows: readonly StatsRow[];
  readonly processing: ProcessingTime | null;
  /** When the last change happened that is counted. */
  readonly asOf: Date;
}

export type StatsInterval = 'HOUR' | 'DAY';

export interface StatsSeriesRow extends StatsRow {
  /** Beginning of the hour or day, in UTC. */
  readonly startsAt: Date;
}

/** Which statistics are meant. */
export interface StatsKey {
  readonly period: StatsPeriod;
  /** Only this customer's orders: computed from them, where those of all are kept summed up. */
  readonly customerId: string | null;
}

export interface StatsSeriesKey extends StatsKey {
  readonly interval: StatsInterval;
}

/** When the first and the last hour with orders begin; null where there are none. */
export type StatsSpan = { readonly first: Date; readonly last: Date } | null;
