import { Extensions, Field, Float, Int, ObjectType } from 'type-graphql';
import { ORDER_STATUSES, type OrderStatus } from '../../domain/lifecycle.js';
import { CURRENCY_EXPONENTS } from '../../domain/money.js';
import { CURRENCIES_OF_A_POINT } from '../../orders/order-statistics.js';
import { costs } from '../field-cost.js';
import { Currency, DateTime } from '../scalars.js';
import { OrderStatusEnum } from './enums.js';
import { MoneyType } from './money.js';

@ObjectType('StatusCount', { description: 'How many orders are in a status.', simpleResolvers: true })
export class StatusCountType {
  @Field(() => OrderStatusEnum, { description: 'The status.' })
  readonly status!: OrderStatus;

  @Field(() => Int, { description: 'How many orders have it now.' })
  readonly count!: number;
}

@ObjectType('CurrencyStats', {
  description: 'What the orders of one currency cost. Cancelled ones are left out.',
  simpleResolvers: true,
})
export class CurrencyStatsType {
  @Field(() => Currency, { description: 'The currency.' })
  readonly currency!: string;

  @Field(() => Int, { description: 'How many orders are in it.' })
  readonly count!: number;

  @Field(() => MoneyType, { description: 'What they cost together.' })
  readonly gross!: MoneyType;

  @Field(() => MoneyType, {
    nullable: true,
    description: 'What they cost on average, rounded to the smallest unit of the currency, halves up.',
  })
  readonly average!: MoneyType | null;
}

@ObjectType('ProcessingTime', {
  description: 'How long orders took, from creation to the first of DELIVERED and COMPLETED.',
  simpleResolvers: true,
})
export class ProcessingTimeType {
  @Field(() => Float, { description: 'On average, in seconds; exact.' })
  readonly averageSeconds!: number;

  @Field(() => Float, { description: 'Half of them took at most so many seconds; at most 2 % off.' })
  readonly p50Seconds!: number;

  @Field(() => Float, { description: '95 of 100 took at most so many seconds; at most 2 % off.' })
  readonly p95Seconds!: number;
}

@ObjectType('StatsPoint', { description: 'Orders that were created in one hour or day.', simpleResolvers: true })
export class StatsPointType {
  @Field(() => DateTime, {
    description: 'When the hour or day begins, in UTC. Of the first and last only what lies in the period is counted.',
  })
  readonly from!: Date;

  @Field(() => Int, { description: 'How many orders were created.' })
  readonly count!: number;

  @Extensions(costs({ size: CURRENCIES_OF_A_POINT }))
  @Field(() => [CurrencyStatsType], { description: 'What they cost, by currency.' })
  readonly money!: readonly CurrencyStatsType[];
}

@ObjectType('OrderStats', {
  description: 'Statistics of orders, as they are now. Deleted orders are left out.',
  simpleResolvers: true,
})
export class OrderStatsType {
  @Field(() => Int, { description: 'How many orders there are, cancelled ones included.' })
  readonly count!: number;

  @Extensions(costs({ size: ORDER_STATUSES.length }))
  @Field(() => [StatusCountType], {
    description: 'How many are in each status; every status, in the order of their life.',
  })
  readonly byStatus!: readonly StatusCountType[];

  @Extensions(costs({ size: CURRENCY_EXPONENTS.size }))
  @Field(() => [CurrencyStatsType], { description: 'What they cost, by currency.' })
  readonly money!: readonly CurrencyStatsType[];

  @Field(() => ProcessingTimeType, { nullable: true, description: 'How long they took; null where none is through.' })
  readonly processingTime!: ProcessingTimeType | null;

  @Field(() => DateTime, {
    description: 'When the last change happened that is counted here. Later ones are counted within moments.',
  })
  readonly asOf!: Date;
}
