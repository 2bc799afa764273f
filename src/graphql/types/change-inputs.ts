import { Field, ID, InputType, Int } from 'type-graphql';
import type { DecimalInput } from '../../domain/decimal.js';
import type { CancelReason } from '../../domain/order.js';
import { Decimal } from '../scalars.js';
import { EDITABLE_STATUSES, INITIAL_STATUS, type OrderStatus } from '../../domain/lifecycle.js';
import { BULK_LIMITS, ORDER_LIMITS } from '../../domain/limits.js';
import { anyOf, atMost, grouped } from '../description-texts.js';
import { TrackingInput } from './address.js';
import { OrderItemInput } from './create-inputs.js';
import { CancelReasonEnum, OrderStatusEnum } from './enums.js';
import { OrderDetailsInput } from './details-input.js';

const EXPECTED_VERSION =
  'Expected `Order.version`. If the current version differs, the request is rejected with VERSION_CONFLICT.';

const IDEMPOTENCY_KEY = `A key of your choice that makes retries safe. A repeated request with the same key and the same input on this order is not applied again; with different input it is rejected with IDEMPOTENCY_MISMATCH. The key is not recorded if the request is rejected or changes nothing. Keys never expire. ${atMost(ORDER_LIMITS.idempotencyKey)}`;

const REASON = `Reason for the change, stored in its event. ${atMost(ORDER_LIMITS.reason)}`;

const WHILE_PENDING = `Allowed only while the order is ${INITIAL_STATUS}.`;

@InputType('UpdateOrderStatusInput', { description: 'Input of `updateOrderStatus`.' })
export class UpdateOrderStatusInput {
  @Field(() => ID, { description: 'Id of the order.' })
  readonly id!: string;

  @Field(() => OrderStatusEnum, { description: 'The new status.' })
  readonly status!: OrderStatus;

  @Field(() => Int, { nullable: true, description: `${EXPECTED_VERSION} Not checked if omitted.` })
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
      'Tracking information for the shipment. Allowed only with status SHIPPED. If the order is already SHIPPED, this replaces the current tracking information and creates an UPDATED event.',
  })
  readonly tracking?: TrackingInput | null;
}

@InputType('UpdateOrderStatusesInput', { description: 'Input of `updateOrderStatuses`.' })
export class UpdateOrderStatusesInput {
  @Field(() => [UpdateOrderStatusInput], {
    description: `The status changes, 1 to ${grouped(BULK_LIMITS.changes)}. Changes to the same order are applied in the sequence given.`,
  })
  readonly changes!: UpdateOrderStatusInput[];
}

@InputType('UpdateOrderInput', {
  description: `Input of \`updateOrder\`. The details are the customer's name and e-mail address, the external reference, the addresses, the notes and the metadata; they can be updated while the order is ${anyOf(EDITABLE_STATUSES)}; items and amounts only while it is ${INITIAL_STATUS}. Omitted fields stay unchanged; null clears a field. Leading and trailing whitespace of the strings is removed. The currency cannot be changed.`,
})
export class UpdateOrderInput extends OrderDetailsInput {
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

@InputType('CancelOrderInput', { description: 'Input of `cancelOrder`.' })
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

  @Field(() => Int, { nullable: true, description: `${EXPECTED_VERSION} Not checked if omitted.` })
  readonly expectedVersion?: number | null;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  readonly idempotencyKey?: string | null;
}

@InputType('DeleteOrderInput', { description: 'Input of `deleteOrder`.' })
export class DeleteOrderInput {
  @Field(() => ID, { description: 'Id of the order.' })
  readonly id!: string;

  @Field(() => Int, { nullable: true, description: `${EXPECTED_VERSION} Not checked if omitted.` })
  readonly expectedVersion?: number | null;

  @Field(() => String, { nullable: true, description: REASON })
  readonly reason?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `A key of your choice that makes retries safe. A repeated request with the same key and the same input succeeds again, even though the order no longer exists; with different input it is rejected with IDEMPOTENCY_MISMATCH. The key is not recorded if the request is rejected. Keys never expire. ${atMost(ORDER_LIMITS.idempotencyKey)}`,
  })
  readonly idempotencyKey?: string | null;
}
