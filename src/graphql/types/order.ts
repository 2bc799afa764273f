import { Arg, Extensions, Field, Int, ObjectType } from 'type-graphql';
import { LIFECYCLE, type OrderStatus } from '../../domain/lifecycle.js';
import { ORDER_LIMITS } from '../../domain/limits.js';
import type { CancelReason, Metadata } from '../../domain/order.js';
import { COUNT_LIMIT } from '../../orders/order-list.js';
import { grouped } from '../description-texts.js';
import { costs, textCost, type CostArguments } from '../field-cost.js';
import { DateTime, EmailAddress, JSONObject } from '../scalars.js';
import { AddressType, TrackingType } from './address.js';
import { connectionOf, edgeOf } from './connection.js';
import { CancelReasonEnum, CountPrecisionEnum, OrderStatusEnum } from './enums.js';
import { MoneyType } from './money.js';
import { NodeType } from './node.js';

/** The largest number of statuses that may follow one status. */
export const MOST_TRANSITIONS = Math.max(...Object.values(LIFECYCLE).map((next) => next.length));

/** An exact count reads every order of the list. */
const EXACT_COUNT_COST = 10_000;
/** A character of metadata may take several bytes of the response. */
const METADATA_WEIGHT = 2;

/** A bounded count reads each order that it counts; every hundred orders cost 1. */
function boundedCountCost({ limit }: CostArguments): number {
  const most = typeof limit === 'number' ? Math.max(0, Math.min(limit, COUNT_LIMIT)) : COUNT_LIMIT;
  return 50 + Math.ceil(most / 100);
}

@ObjectType('OrderItem', { implements: NodeType, description: 'An item of an order.', simpleResolvers: true })
export class OrderItemType extends NodeType {
  @Field(() => Int, { description: 'Position in the order, from 1.' })
  readonly position!: number;

  @Field(() => String, { nullable: true, description: 'Id of the product.' })
  readonly productId!: string | null;

  @Field(() => String, { nullable: true, description: 'Stock keeping unit.' })
  readonly sku!: string | null;

  @Extensions(textCost(ORDER_LIMITS.itemName))
  @Field(() => String, { description: 'Name of the item when it was ordered.' })
  readonly name!: string;

  @Field(() => Int, { description: 'Number of units, 1 or more.' })
  readonly quantity!: number;

  @Field(() => MoneyType, { description: 'Price of one unit.' })
  readonly unitPrice!: MoneyType;

  @Field(() => MoneyType, { description: 'Price of the item: `unitPrice` × `quantity`.' })
  readonly subtotal!: MoneyType;
}

@ObjectType('Order', {
  implements: NodeType,
  description: 'An order. Its `id` is a UUID. Each change increments its `version` by 1 and creates an event.',
  simpleResolvers: true,
})
export class OrderType extends NodeType {
  @Field(() => String, {
    description: 'Short number for customers and staff. Unique, but not necessarily consecutive.',
  })
  readonly number!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "Id of the order in the client's system; unique among the orders of the customer. Guest orders share a single namespace.",
  })
  readonly externalReference!: string | null;

  @Field(() => OrderStatusEnum, { description: 'Status of the order.' })
  readonly status!: OrderStatus;

  @Extensions(costs({ size: MOST_TRANSITIONS }))
  @Field(() => [OrderStatusEnum], { description: 'The statuses that you may change the order to.' })
  readonly allowedTransitions!: readonly OrderStatus[];

  @Field(() => Int, {
    description:
      '1 at creation, incremented by each event. Pass it as `expectedVersion` to have the update rejected if the order has changed since you read it.',
  })
  readonly version!: number;

  @Field(() => String, {
    nullable: true,
    description: "Id of the customer in the client's system; null for a guest order, and once the customer is erased.",
  })
  readonly customerId!: string | null;

  @Field(() => String, { nullable: true, description: 'Name of the customer in this order.' })
  readonly customerName!: string | null;

  @Field(() => EmailAddress, {
    nullable: true,
    description: 'E-mail address of the customer in this order.',
  })
  readonly customerEmail!: string | null;

  @Extensions(costs({ size: ORDER_LIMITS.items }))
  @Field(() => [OrderItemType], {
    nullable: true,
    description:
      'Items of the order, by position. Null only if they cannot be read; `errors` then contains the reason.',
  })
  readonly items!: readonly OrderItemType[] | null;

  @Field(() => MoneyType, { description: 'Total: subtotal + shipping + tax - discount.' })
  readonly total!: MoneyType;

  @Field(() => MoneyType, { description: 'Sum of the subtotals of the items.' })
  readonly subtotal!: MoneyType;

  @Field(() => MoneyType, { description: 'Shipping cost.' })
  readonly shipping!: MoneyType;

  @Field(() => MoneyType, { description: 'Discount on the order.' })
  readonly discount!: MoneyType;

  @Field(() => MoneyType, { description: 'Tax on the order.' })
  readonly tax!: MoneyType;

  @Field(() => AddressType, { nullable: true, description: 'Shipping address.' })
  readonly shippingAddress!: AddressType | null;

  @Field(() => AddressType, { nullable: true, description: 'Billing address.' })
  readonly billingAddress!: AddressType | null;

  @Field(() => TrackingType, {
    nullable: true,
    description: 'Tracking information for the shipment; null if none was given.',
  })
  readonly tracking!: TrackingType | null;

  @Extensions(textCost(ORDER_LIMITS.notes))
  @Field(() => String, { nullable: true, description: 'Notes from the customer.' })
  readonly notes!: string | null;

  @Extensions(textCost(METADATA_WEIGHT * ORDER_LIMITS.metadata))
  @Field(() => JSONObject, { description: 'Client-defined data; an empty object by default.' })
  readonly metadata!: Metadata;

  @Field(() => DateTime, { description: 'Time of creation.' })
  readonly createdAt!: Date;

  @Field(() => DateTime, { description: 'Time of the last change.' })
  readonly updatedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'Time at which the order became COMPLETED.' })
  readonly completedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Time at which the order became CANCELLED.' })
  readonly cancelledAt!: Date | null;

  @Field(() => CancelReasonEnum, {
    nullable: true,
    description:
      'Reason for the cancellation; null if the order is not CANCELLED. CUSTOMER if a customer cancelled it.',
  })
  readonly cancelReason!: CancelReason | null;
}

@ObjectType('Count', { description: 'A number of orders, counted up to a limit.', simpleResolvers: true })
export class CountType {
  @Field(() => Int, { description: 'The number, at most the limit.' })
  readonly value!: number;

  @Field(() => CountPrecisionEnum, { description: 'Whether the number is exact or a lower bound.' })
  readonly precision!: 'EXACT' | 'AT_LEAST';
}

export const OrderEdge = edgeOf('Order', 'order', () => OrderType);

@ObjectType('OrderConnection', { description: 'A page of orders.', simpleResolvers: true })
export class OrderConnection extends connectionOf('order', () => OrderType, OrderEdge) {
  @Extensions(costs({ own: EXACT_COUNT_COST }))
  @Field(() => Int, {
    description: 'Exact number of orders in the whole list. Its cost grows with the number; `count` is cheaper.',
  })
  readonly totalCount!: number;

  @Extensions(costs({ own: boundedCountCost }))
  @Field(() => CountType, {
    description: 'Number of orders in the whole list, counted up to a limit.',
  })
  count(
    @Arg('limit', () => Int, {
      defaultValue: 10_000,
      description: `Limit at which counting stops, 1 to ${grouped(COUNT_LIMIT)}.`,
    })
    limit: number,
  ): Promise<CountType> {
    return this.countUpTo(limit);
  }

  readonly countUpTo!: (limit: number) => Promise<CountType>;
}
