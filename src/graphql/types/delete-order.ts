import { Extensions, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { ORDER_LIMITS } from '../../domain/limits.js';
import { atMost } from '../description-texts.js';
import { costs } from '../field-cost.js';
import { EXPECTED_VERSION, REASON } from './change.js';
import { MAX_USER_ERRORS, USER_ERRORS, UserError } from './user-errors.js';

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

@ObjectType('DeleteOrderPayload', { description: 'Result of `deleteOrder`.', simpleResolvers: true })
export class DeleteOrderPayload {
  @Field(() => ID, { nullable: true, description: 'Id of the deleted order; null if the request was rejected.' })
  readonly deletedOrderId!: string | null;

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}
