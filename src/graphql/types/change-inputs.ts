import { Field, ID, InputType, Int } from 'type-graphql';
import type { DecimalInput } from '../../domain/decimal.js';
import type { CancelReason, Metadata } from '../../domain/order.js';
import { Decimal, EmailAddress, JSONObject } from '../scalars.js';
import { EDITABLE_STATUSES, INITIAL_STATUS, type OrderStatus } from '../../domain/lifecycle.js';
import { BULK_LIMITS, ORDER_LIMITS } from '../../domain/limits.js';
import { anyOf, atMost, grouped } from '../description-texts.js';
import { AddressInput, TrackingInput } from './address.js';
import { OrderItemInput } from './create-inputs.js';
import { CancelReasonEnum, OrderStatusEnum } from './enums.js';

const EXPECTED_VERSION =
  'Version that the order must have, from `Order.version`. If it has another, the request is rejected with VERSION_CONFLICT.';

const IDEMPOTENCY_KEY = `A key of your choice that makes retries safe. A request with the same key and the same input on this order is not applied again. The same key with another input is rejected with IDEMPOTENCY_MISMATCH. A request that is rejected or changes nothing does not store its key. Keys never expire. ${atMost(ORDER_LIMITS.idempotencyKey)}`;

const REASON = `Reason for the change, stored in its event. ${atMost(ORDER_LIMITS.reason)}`;

const WHILE_PENDING = `Allowed only while the order is ${INITIAL_STATUS}.`;

@InputType('UpdateOrderStatusInput', { description: 'A status change of an order.' })
export class UpdateOrderStatusInput {
  @Field(() => ID, { description: 'Id of the order.' })
  readonly id!: string;

  @Field(() => OrderStatusEnum, { description: 'The new status.' })
  readonly status!: OrderStatus;

  @Field(() => Int, { nullable: true, description: `${EXPECTED_VERSION} Not checked by default.` })
  readonly expectedVersion?: number | null;

  @Field(() => String, { nullable: true, description: REASON })
  readonly reason?: string | null;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  readonly idempotencyKey?: string | null;

  @Field(() => TrackingInput, {
    nullable: true,
    description:
      'Tracking data of the shipment. Allowed only with status SHIPPED. If the order already is SHIPPED, it replaces the current tracking data and creates an UPDATED event.',
  })
  readonly tracking?: TrackingInput | null;
}

@InputType('UpdateOrderStatusesInput', { description: 'Status changes that are applied independently.' })
export class UpdateOrderStatusesInput {
  @Field(() => [UpdateOrderStatusInput], {
    description: `The status changes, 1 to ${grouped(BULK_LIMITS.changes)}. Changes of the same order are applied in the given order.`,
  })
  readonly changes!: UpdateOrderStatusInput[];
}

@InputType('UpdateOrderInput', {
  description: `New details, items and amounts of an order. Details can be updated while the order is ${anyOf(EDITABLE_STATUSES)}; items and amounts only while it is ${INITIAL_STATUS}. Fields that are left out stay unchanged; null clears a field. Leading and trailing whitespace of the texts is removed. The currency cannot be changed.`,
})
export class UpdateOrderInput {
  @Field(() => ID, { description: 'Id of the order.' })
  readonly id!: string;

  @Field(() => Int, { description: EXPECTED_VERSION })
  readonly expectedVersion!: number;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  readonly idempotencyKey?: string | null;

  @Field(() => String, { nullable: true, description: REASON })
  readonly reason?: string | null;

  @Field(() => String, { nullable: true, description: `Name of the customer. ${atMost(ORDER_LIMITS.customerName)}` })
  readonly customerName?: string | null;

  @Field(() => EmailAddress, {
    nullable: true,
    description: `E-mail address of the customer. ${atMost(ORDER_LIMITS.customerEmail)}`,
  })
  readonly customerEmail?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `Id of the order in your system, unique among the orders of the customer. No leading or trailing whitespace. ${atMost(ORDER_LIMITS.externalReference)}`,
  })
  readonly externalReference?: string | null;

  @Field(() => AddressInput, { nullable: true, description: 'Shipping address.' })
  readonly shippingAddress?: AddressInput | null;

  @Field(() => AddressInput, { nullable: true, description: 'Billing address.' })
  readonly billingAddress?: AddressInput | null;

  @Field(() => String, { nullable: true, description: `Notes of the customer. ${atMost(ORDER_LIMITS.notes)}` })
  readonly notes?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: `Your own data about the order: a JSON object that replaces the current one. At most ${grouped(ORDER_LIMITS.metadata)} characters and ${ORDER_LIMITS.metadataDepth} levels.`,
  })
  readonly metadata?: Metadata | null;

  @Field(() => [OrderItemInput], {
    nullable: true,
    description: `All items of the order, 1 to ${grouped(ORDER_LIMITS.items)}; they replace the current items. ${WHILE_PENDING}`,
  })
  readonly items?: OrderItemInput[] | null;

  @Field(() => Decimal, {
    nullable: true,
    description: `Shipping cost, 0 or more; null means 0. ${WHILE_PENDING}`,
  })
  readonly shipping?: DecimalInput | null;

  @Field(() => Decimal, { nullable: true, description: `Tax, 0 or more; null means 0. ${WHILE_PENDING}` })
  readonly tax?: DecimalInput | null;

  @Field(() => Decimal, {
    nullable: true,
    description: `Discount, from 0 to subtotal + shipping + tax; null means 0. ${WHILE_PENDING}`,
  })
  readonly discount?: DecimalInput | null;

  @Field(() => Decimal, {
    nullable: true,
    description:
      'Total that the order must have after the update. If it differs, the request is rejected with TOTAL_MISMATCH.',
  })
  readonly expectedTotal?: DecimalInput | null;
}

@InputType('CancelOrderInput', { description: 'A cancellation of an order.' })
export class CancelOrderInput {
  @Field(() => ID, { description: 'Id of the order.' })
  readonly id!: string;

  @Field(() => CancelReasonEnum, { defaultValue: 'OTHER', description: 'Reason for the cancellation.' })
  readonly reason!: CancelReason;

  @Field(() => String, {
    nullable: true,
    description: `Explanation in your own words, stored as the \`reason\` of the event. ${atMost(ORDER_LIMITS.reason)}`,
  })
  readonly note?: string | null;

  @Field(() => Int, { nullable: true, description: `${EXPECTED_VERSION} Not checked by default.` })
  readonly expectedVersion?: number | null;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  readonly idempotencyKey?: string | null;
}

@InputType('DeleteOrderInput', { description: 'A deletion of an order.' })
export class DeleteOrderInput {
  @Field(() => ID, { description: 'Id of the order.' })
  readonly id!: string;

  @Field(() => Int, { nullable: true, description: `${EXPECTED_VERSION} Not checked by default.` })
  readonly expectedVersion?: number | null;

  @Field(() => String, { nullable: true, description: REASON })
  readonly reason?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `A key of your choice that makes retries safe. A request with the same key and the same input succeeds again, although the order is deleted. The same key with another input is rejected with IDEMPOTENCY_MISMATCH. A rejected request does not store its key. Keys never expire. ${atMost(ORDER_LIMITS.idempotencyKey)}`,
  })
  readonly idempotencyKey?: string | null;
}
