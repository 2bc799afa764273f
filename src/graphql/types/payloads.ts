import { Field, ObjectType } from 'type-graphql';
import type { Order } from '../../domain/order.js';
import { OrderType } from './order.js';
import { UserError } from './user-errors.js';

const USER_ERRORS = 'Why it was refused; empty when it was done.';

@ObjectType('CreateOrderPayload', { description: 'Answer to `createOrder`.', simpleResolvers: true })
export class CreateOrderPayload {
  @Field(() => OrderType, { nullable: true, description: 'The order; null when it was refused.' })
  readonly order!: Order | null;

  @Field(() => Boolean, {
    description: 'Whether the order was there already, from an earlier request under the same id or key.',
  })
  readonly replayed!: boolean;

  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}

@ObjectType('UpdateOrderStatusPayload', { description: 'Answer to `updateOrderStatus`.', simpleResolvers: true })
export class UpdateOrderStatusPayload {
  @Field(() => OrderType, { nullable: true, description: 'The order as it is now; null when it was refused.' })
  readonly order!: Order | null;

  @Field(() => Boolean, {
    description:
      'Whether this request, or the first under its key, changed the status. False where the order had it already.',
  })
  readonly changed!: boolean;

  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}
