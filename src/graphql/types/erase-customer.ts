import { Extensions, Field, InputType, Int, ObjectType } from 'type-graphql';
import { ERASURE_LIMITS, ORDER_LIMITS } from '../../domain/limits.js';
import { atMost, grouped } from '../description-texts.js';
import { costs } from '../field-cost.js';
import { MAX_USER_ERRORS, USER_ERRORS, UserError } from './user-errors.js';

@InputType('EraseCustomerInput', { description: 'Input of `eraseCustomer`.' })
export class EraseCustomerInput {
  @Field(() => String, { description: `Id of the customer in the client's system. ${atMost(ORDER_LIMITS.customerId)}` })
  readonly customerId!: string;
}

@ObjectType('EraseCustomerPayload', { description: 'Result of `eraseCustomer`.', simpleResolvers: true })
export class EraseCustomerPayload {
  @Field(() => Int, {
    description: `Number of orders that this request erased, at most ${grouped(ERASURE_LIMITS.orders)}. Deleted orders count if their events still named the customer.`,
  })
  readonly erasedOrders!: number;

  @Field(() => Boolean, {
    description:
      'Whether no orders of the customer were left. False if the request was rejected, or reached its limit of time or orders, or an order stayed locked: repeat the request.',
  })
  readonly isComplete!: boolean;

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}
