import { Arg, Extensions, Field, Int, ObjectType } from 'type-graphql';
import { LIFECYCLE, type OrderStatus } from '../../domain/lifecycle.js';
import { ORDER_LIMITS } from '../../domain/limits.js';
import type { CancelReason, Metadata } from '../../domain/order.js';
import { COUNT_LIMIT } from '../../orders/order-page.js';
import { costs, textCost, type CostArguments } from '../field-cost.js';
import { DateTime, EmailAddress, JSONObject } from '../scalars.js';
import { AddressType, TrackingType } from './address.js';
import { connectionOf, edgeOf } from './connection.js';
import { CancelReasonEnum, CountPrecisionEnum, OrderStatusEnum } from './enums.js';
import { MoneyType } from './money.js';
import { NodeType } from './node.js';

/** The most statuses that an order may go to from one. */
export const MOST_TRANSITIONS = Math.max(...Object.values(LIFECYCLE).map((next) => next.length));

/** An exact count reads every order of the list. */
const EXACT_COUNT_COST = 10_000;
/** A character of metadata can take several bytes of the response. */
const METADATA_WEIGHT = 2;

/** A bounded count reads one order for each that it counts: one value for every hundred. */
function boundedCountCost({ limit }: CostArguments): number {
  const most = typeof limit === 'number' ? Math.max(0, Math.min(limit, COUNT_LIMIT)) : COUNT_LIMIT;
  return 50 + Math.ceil(most / 100);
}

@ObjectType('OrderItem', { implements: NodeType, description: 'A line of an order.', simpleResolvers: true })
export class OrderItemType extends NodeType {
  @Field(() => Int, { description: 'Its place in the order, from 1.' })
  readonly position!: number;

  @Field(() => String, { nullable: true, description: 'Which product, by the id of the shop.' })
  readonly productId!: string | null;

  @Field(() => String, { nullable: true, description: 'Stock keeping unit.' })
  readonly sku!: string | null;

  @Extensions(textCost(ORDER_LIMITS.itemName))
  @Field(() => String, { description: 'What was ordered, as it was called then.' })
  readonly name!: string;

  @Field(() => Int, { description: 'How many pieces, 1 or more.' })
  readonly quantity!: number;

  @Field(() => MoneyType, { description: 'Price of one piece.' })
  readonly unitPrice!: MoneyType;

  @Field(() => MoneyType, { description: 'Price of the line: unit price × quantity.' })
  readonly subtotal!: MoneyType;
}

@ObjectType('Order', {
  implements: NodeType,
  description: 'An order. Its id is a plain UUID; each change raises its version by one and leaves an event.',
  simpleResolvers: true,
})
export class OrderType extends NodeType {
  @Field(() => String, { description: 'Short number for people; unique, not gap-free.' })
  readonly number!: string;

  @Field(() => String, {
    nullable: true,
    description: "The client's own name for it; unique among the orders of its customer.",
  })
  readonly externalReference!: string | null;

  @Field(() => OrderStatusEnum, { description: 'Where it stands in its life.' })
  readonly status!: OrderStatus;

  @Extensions(costs({ size: MOST_TRANSITIONS }))
  @Field(() => [OrderStatusEnum], { description: 'The statuses it may go to next; empty when its life is over.' })
  readonly allowedTransitions!: readonly OrderStatus[];

  @Field(() => Int, {
    description:
      '1 at creation, one more with each event. Give it as `expectedVersion` to change only what you have seen.',
  })
  readonly version!: number;

  @Field(() => String, { nullable: true, description: 'Whose order it is, by the id of the shop; null for a guest.' })
  readonly customerId!: string | null;

  @Field(() => String, { nullable: true, description: 'Name of the customer as given with this order.' })
  readonly customerName!: string | null;

  @Field(() => EmailAddress, {
    nullable: true,
    description: 'E-mail address of the customer as given with this order.',
  })
  readonly customerEmail!: string | null;

  @Extensions(costs({ size: ORDER_LIMITS.items }))
  @Field(() => [OrderItemType], {
    nullable: true,
    description: 'Its lines, by position. Null only where they cannot be read now; `errors` then says why.',
  })
  readonly items!: readonly OrderItemType[] | null;

  @Field(() => MoneyType, { description: 'What it costs in all: subtotal + shipping + tax - discount, exactly.' })
  readonly total!: MoneyType;

  @Field(() => MoneyType, { description: 'What its lines cost together.' })
  readonly subtotal!: MoneyType;

  @Field(() => MoneyType, { description: 'What shipping costs.' })
  readonly shipping!: MoneyType;

  @Field(() => MoneyType, { description: 'What is taken off.' })
  readonly discount!: MoneyType;

  @Field(() => MoneyType, { description: 'What taxes add.' })
  readonly tax!: MoneyType;

  @Field(() => AddressType, { nullable: true, description: 'Where the goods go.' })
  readonly shippingAddress!: AddressType | null;

  @Field(() => AddressType, { nullable: true, description: 'Where the bill goes.' })
  readonly billingAddress!: AddressType | null;

  @Field(() => TrackingType, { nullable: true, description: 'Where the goods are, once it is shipped.' })
  readonly tracking!: TrackingType | null;

  @Extensions(textCost(ORDER_LIMITS.notes))
  @Field(() => String, { nullable: true, description: 'Remarks of the customer.' })
  readonly notes!: string | null;

  @Extensions(textCost(METADATA_WEIGHT * ORDER_LIMITS.metadata))
  @Field(() => JSONObject, { description: "The client's own facts about it; an empty object where there are none." })
  readonly metadata!: Metadata;

  @Field(() => DateTime, { description: 'When it was taken.' })
  readonly createdAt!: Date;

  @Field(() => DateTime, { description: 'When it last changed.' })
  readonly updatedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it became COMPLETED.' })
  readonly completedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'When it became CANCELLED.' })
  readonly cancelledAt!: Date | null;

  @Field(() => CancelReasonEnum, { nullable: true, description: 'Why it was cancelled; null where it was not.' })
  readonly cancelReason!: CancelReason | null;
}

@ObjectType('Count', { description: 'A number of things, counted up to a limit.', simpleResolvers: true })
export class CountType {
  @Field(() => Int, { description: 'How many; at most the limit.' })
  readonly value!: number;

  @Field(() => CountPrecisionEnum, { description: 'Whether there are just so many, or more.' })
  readonly precision!: 'EXACT' | 'AT_LEAST';
}

export const OrderEdge = edgeOf('Order', 'order', () => OrderType);

@ObjectType('OrderConnection', { description: 'A page of orders.', simpleResolvers: true })
export class OrderConnection extends connectionOf('order', () => OrderType, OrderEdge) {
  @Extensions(costs({ own: EXACT_COUNT_COST }))
  @Field(() => Int, { description: 'How many orders the whole list has, exactly. Counted only where it is selected.' })
  readonly totalCount!: number;

  @Extensions(costs({ own: boundedCountCost }))
  @Field(() => CountType, {
    description: 'How many orders the list has, counted up to a limit: cheap however long it is.',
  })
  count(
    @Arg('limit', () => Int, { defaultValue: 10_000, description: 'Where counting stops, 1 to 1,000,000.' })
    limit: number,
  ): Promise<CountType> {
    return this.countUpTo(limit);
  }

  readonly countUpTo!: (limit: number) => Promise<CountType>;
}
