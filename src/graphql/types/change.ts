import { Extensions, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { ORDER_LIMITS } from '../../domain/limits.js';
import type { Order } from '../../domain/order.js';
import { atMost } from '../description-texts.js';
import { costs } from '../field-cost.js';
import { OrderType } from './order.js';
import { MAX_USER_ERRORS, USER_ERRORS, UserError } from './user-errors.js';

export const EXPECTED_VERSION =
  'Expected `Order.version`. If the current version differs, the request is rejected with VERSION_CONFLICT.';

export const IDEMPOTENCY_KEY = `A key of your choice that makes retries safe. A repeated request with the same key and the same input on this order is not applied again; with different input it is rejected with IDEMPOTENCY_MISMATCH. The key is not recorded if the request is rejected or changes nothing. Keys never expire. ${atMost(ORDER_LIMITS.idempotencyKey)}`;

export const REASON = `Reason for the change, stored in its event. ${atMost(ORDER_LIMITS.reason)}`;

/** The fields that the input of most changes has. */
@InputType()
export abstract class ChangeInput {
  @Field(() => ID, { description: 'Id of the order.' })
  readonly id!: string;

  @Field(() => Int, { nullable: true, description: `${EXPECTED_VERSION} Not checked if omitted.` })
  readonly expectedVersion?: number | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  readonly idempotencyKey?: string | null;
}

/**
 * The fields of the payload of a change.
 *
 * @param unchanged a sentence that says when a successful request changes nothing
 */
export function changePayload(unchanged: string) {
  @ObjectType({ simpleResolvers: true })
  abstract class ChangePayload {
    @Field(() => OrderType, { nullable: true, description: 'The current order; null if the request was rejected.' })
    readonly order!: Order | null;

    @Field(() => Boolean, {
      description: `Whether this request, or an earlier one with the same idempotency key, changed the order. ${unchanged}`,
    })
    readonly changed!: boolean;

    @Extensions(costs({ size: MAX_USER_ERRORS }))
    @Field(() => [UserError], { description: USER_ERRORS })
    readonly userErrors!: readonly UserError[];
  }
  return ChangePayload;
}
