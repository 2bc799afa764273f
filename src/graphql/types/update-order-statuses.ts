import { Extensions, Field, InputType, Int, ObjectType } from 'type-graphql';
import { BULK_LIMITS } from '../../domain/limits.js';
import { grouped } from '../description-texts.js';
import { costs } from '../field-cost.js';
import { UpdateOrderStatusInput, UpdateOrderStatusPayload } from './update-order-status.js';
import { MAX_USER_ERRORS, REQUEST_ERRORS, UserError } from './user-errors.js';

@InputType('UpdateOrderStatusesInput', { description: 'Input of `updateOrderStatuses`.' })
export class UpdateOrderStatusesInput {
  @Field(() => [UpdateOrderStatusInput], {
    description: `The status changes, 1 to ${grouped(BULK_LIMITS.changes)}. Changes to the same order are applied in the sequence given.`,
  })
  readonly changes!: UpdateOrderStatusInput[];
}

@ObjectType('UpdateOrderStatusesResult', {
  description: 'Result for one status change of `updateOrderStatuses`.',
  simpleResolvers: true,
})
export class UpdateOrderStatusesResult extends UpdateOrderStatusPayload {
  @Field(() => Int, { description: 'Index of the status change in the request, from 0.' })
  readonly index!: number;
}

@ObjectType('UpdateOrderStatusesPayload', { description: 'Result of `updateOrderStatuses`.', simpleResolvers: true })
export class UpdateOrderStatusesPayload {
  @Extensions(costs({ size: BULK_LIMITS.changes }))
  @Field(() => [UpdateOrderStatusesResult], {
    description:
      'One result for each status change in the request, in the same sequence; empty if the whole request was rejected.',
  })
  readonly results!: readonly UpdateOrderStatusesResult[];

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: REQUEST_ERRORS })
  readonly userErrors!: readonly UserError[];
}
