import { Extensions, Field, Float, Int, ObjectType } from 'type-graphql';
import { ORDER_STATUSES, type OrderStatus } from '../../domain/lifecycle.js';
import { CURRENCY_EXPONENTS } from '../../domain/money.js';
import { CURRENCIES_OF_A_POINT } from '../../orders/order-statistics.js';
import { costs } from '../field-cost.js';
import { Currency, DateTime } from '../scalars.js';
import { OrderStatusEnum } from './enums.js';
import { MoneyType } from './money.js';

@ObjectType('StatusCount', { description: 'Number of orders in a status.', simpleResolvers: true })
export class StatusCountType {
  @Field(() => OrderStatusEnum, { description: 'The status.' })
  readonly status!: OrderStatus;

  @Field(() => Int, { description: 'Number of orders that have the status now.' })
  readonly count!: number;
}

@ObjectType('CurrencyStats', {
  description: 'Totals of the orders in one currency, excluding CANCELLED orders.',
  simpleResolvers: true,
})
export class CurrencyStatsType {
  @Field(() => Currency, { description: 'The currency.' })
  readonly currency!: string;

  @Field(() => Int, { description: 'Number of orders.' })
  readonly count!: number;

  @Field(() => MoneyType, { description: 'Sum of the totals.' })
  readonly gross!: MoneyType;

  @Field(() => MoneyType, {
    nullable: true,
    description: 'Average total, rounded half up to the smallest unit of the currency.',
  })
  readonly average!: MoneyType | null;
}

@ObjectType('ProcessingTime', {
  description: 'Processing time of orders: from creation to DELIVERED or COMPLETED, whichever came first.',
  simpleResolvers: true,
})
export class ProcessingTimeType {
  @Field(() => Float, { description: 'Average in seconds, exact.' })
  readonly averageSeconds!: number;

  @Field(() => Float, { description: 'Median in seconds, accurate to within 2 %.' })
  readonly p50Seconds!: number;

  @Field(() => Float, { description: '95th percentile in seconds, accurate to within 2 %.' })
  readonly p95Seconds!: number;
}

@ObjectType('StatsPoint', {
  description: 'Statistics of the orders that were created in one hour or day.',
  simpleResolvers: true,
})
export class StatsPointType {
  @Field(() => DateTime, {
    description: 'Start of the hour or day in UTC. The first and the last point count only orders within the period.',
  })
  readonly from!: Date;

  @Field(() => Int, { description: 'Number of orders created.' })
  readonly count!: number;

  @Extensions(costs({ size: CURRENCIES_OF_A_POINT }))
  @Field(() => [CurrencyStatsType], { description: 'Totals by currency.' })
  readonly money!: readonly CurrencyStatsType[];
}

@ObjectType('OrderStats', {
  description: 'Statistics on orders, based on their current state. Deleted orders are not counted.',
  simpleResolvers: true,
})
export class OrderStatsType {
  @Field(() => Int, { description: 'Number of orders, including CANCELLED ones.' })
  readonly count!: number;

  @Extensions(costs({ size: ORDER_STATUSES.length }))
  @Field(() => [StatusCountType], {
    description: 'Number of orders in each status: one entry for every status, in lifecycle order.',
  })
  readonly byStatus!: readonly StatusCountType[];

  @Extensions(costs({ size: CURRENCY_EXPONENTS.size }))
  @Field(() => [CurrencyStatsType], { description: 'Totals by currency.' })
  readonly money!: readonly CurrencyStatsType[];

  @Field(() => ProcessingTimeType, {
    nullable: true,
    description: 'Processing time; null if no order was DELIVERED or COMPLETED.',
  })
  readonly processingTime!: ProcessingTimeType | null;

  @Field(() => DateTime, {
    description: 'Time of the latest change included. Newer changes are included shortly after they are committed.',
  })
  readonly asOf!: Date;
}
