import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { DecimalInput } from '../../domain/decimal.js';
import { CUSTOMER_EDITABLE_STATUSES, EDITABLE_STATUSES, INITIAL_STATUS } from '../../domain/lifecycle.js';
import { ORDER_LIMITS } from '../../domain/limits.js';
import { EDITABLE_DETAILS } from '../../domain/order-details.js';
import { anyOf, fieldNames, grouped } from '../description-texts.js';
import { Decimal } from '../scalars.js';
import { changePayload, EXPECTED_VERSION, IDEMPOTENCY_KEY, REASON } from './change.js';
import { OrderDetailsInput } from './details-input.js';
import { OrderItemInput } from './item-input.js';

const WHILE_PENDING = `Allowed only while the order is ${INITIAL_STATUS}.`;

@InputType('UpdateOrderInput', {
  description: `Input of \`updateOrder\`. The details are ${fieldNames(EDITABLE_DETAILS)}; they can be updated while the order is ${anyOf(EDITABLE_STATUSES)}; items and amounts only while it is ${INITIAL_STATUS}. A customer may update its order only while it is ${anyOf(CUSTOMER_EDITABLE_STATUSES)}. Omitted fields stay unchanged; null clears a field. Leading and trailing whitespace of the strings is removed. The currency cannot be changed.`,
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

@ObjectType('UpdateOrderPayload', { description: 'Result of `updateOrder`.', simpleResolvers: true })
export class UpdateOrderPayload extends changePayload('False if the order already had all of the given values.') {}
