import { Field, ID, InputType, Int } from 'type-graphql';
import type { DecimalInput } from '../../domain/decimal.js';
import type { OrderStatus } from '../../domain/lifecycle.js';
import type { CancelReason, Metadata } from '../../domain/order.js';
import { Decimal, EmailAddress, JSONObject } from '../scalars.js';
import { AddressInput, TrackingInput } from './address.js';
import { OrderItemInput } from './create-inputs.js';
import { CancelReasonEnum, OrderStatusEnum } from './enums.js';

@InputType('UpdateOrderStatusInput', { description: 'A change of status to be made.' })
export class UpdateOrderStatusInput {
  @Field(() => ID, { description: 'Id of the order.' })
  readonly id!: string;

  @Field(() => OrderStatusEnum, { description: 'The status it shall have.' })
  readonly status!: OrderStatus;

  @Field(() => Int, { nullable: true, description: 'Reject unless the order is at this version.' })
  readonly expectedVersion?: number | null;

  @Field(() => String, { nullable: true, description: 'Why; kept in the history. At most 1,000 characters.' })
  readonly reason?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Any text of your own, at most 255 characters: the same key again on this order answers what the first request did. A request that changed nothing, or was rejected, leaves no key behind.',
  })
  readonly idempotencyKey?: string | null;

  @Field(() => TrackingInput, {
    nullable: true,
    description:
      'Where the goods are; with status SHIPPED only. An order that is SHIPPED already takes new tracking and leaves an UPDATED event.',
  })
  readonly tracking?: TrackingInput | null;
}

@InputType('UpdateOrderStatusesInput', { description: 'Changes of status to be made, each for itself.' })
export class UpdateOrderStatusesInput {
  @Field(() => [UpdateOrderStatusInput], {
    description: 'The changes, 1 to 100. Those of one order are made one after the other.',
  })
  readonly changes!: UpdateOrderStatusInput[];
}

@InputType('UpdateOrderInput', {
  description:
    'New details of an order, and new items and amounts. What is left out stays; null clears. Texts are trimmed. The currency of an order never changes.',
})
export class UpdateOrderInput {
  @Field(() => ID, { description: 'Id of the order.' })
  readonly id!: string;

  @Field(() => Int, { description: 'Reject unless the order is at this version.' })
  readonly expectedVersion!: number;

  @Field(() => String, {
    nullable: true,
    description:
      'Any text of your own, at most 255 characters: the same key again on this order answers what the first request did. A request that changed nothing, or was rejected, leaves no key behind.',
  })
  readonly idempotencyKey?: string | null;

  @Field(() => String, { nullable: true, description: 'Why; kept in the history. At most 1,000 characters.' })
  readonly reason?: string | null;

  @Field(() => String, { nullable: true, description: 'Name of the customer. At most 200 characters.' })
  readonly customerName?: string | null;

  @Field(() => EmailAddress, {
    nullable: true,
    description: 'E-mail address of the customer. At most 254 characters.',
  })
  readonly customerEmail?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Your own name for the order, at most 128 characters. Unique among the orders of the customer.',
  })
  readonly externalReference?: string | null;

  @Field(() => AddressInput, { nullable: true, description: 'Where the goods go.' })
  readonly shippingAddress?: AddressInput | null;

  @Field(() => AddressInput, { nullable: true, description: 'Where the bill goes.' })
  readonly billingAddress?: AddressInput | null;

  @Field(() => String, { nullable: true, description: 'Remarks of the customer. At most 4,000 characters.' })
  readonly notes?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'Your own facts about the order, all of them: at most 16,384 characters and 8 levels.',
  })
  readonly metadata?: Metadata | null;

  @Field(() => [OrderItemInput], {
    nullable: true,
    description:
      'All of its lines, 1 to 200, while it is PENDING. The total is computed from them and from shipping, tax and discount, which stay unless they are given.',
  })
  readonly items?: OrderItemInput[] | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'What shipping costs, 0 or more, while it is PENDING; null is 0.',
  })
  readonly shipping?: DecimalInput | null;

  @Field(() => Decimal, { nullable: true, description: 'What taxes add, 0 or more, while it is PENDING; null is 0.' })
  readonly tax?: DecimalInput | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'What is taken off, from 0 to everything together, while it is PENDING; null is 0.',
  })
  readonly discount?: DecimalInput | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'Reject with TOTAL_MISMATCH unless the total is this after the update.',
  })
  readonly expectedTotal?: DecimalInput | null;
}

@InputType('CancelOrderInput', { description: 'An order to be called off.' })
export class CancelOrderInput {
  @Field(() => ID, { description: 'Id of the order.' })
  readonly id!: string;

  @Field(() => CancelReasonEnum, { defaultValue: 'OTHER', description: 'Why.' })
  readonly reason!: CancelReason;

  @Field(() => String, {
    nullable: true,
    description: 'Why, in your own words; kept in the history. At most 1,000 characters.',
  })
  readonly note?: string | null;

  @Field(() => Int, { nullable: true, description: 'Reject unless the order is at this version.' })
  readonly expectedVersion?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Any text of your own, at most 255 characters: the same key again on this order answers what the first request did. A request that changed nothing, or was rejected, leaves no key behind.',
  })
  readonly idempotencyKey?: string | null;
}

@InputType('DeleteOrderInput', { description: 'An order to be deleted.' })
export class DeleteOrderInput {
  @Field(() => ID, { description: 'Id of the order.' })
  readonly id!: string;

  @Field(() => Int, { nullable: true, description: 'Reject unless the order is at this version.' })
  readonly expectedVersion?: number | null;

  @Field(() => String, { nullable: true, description: 'Why; kept with the event. At most 1,000 characters.' })
  readonly reason?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Any text of your own, at most 255 characters: the same request again under this key, for this order, is answered as the first one was, although the order is gone. A request that was rejected leaves no key behind.',
  })
  readonly idempotencyKey?: string | null;
}
