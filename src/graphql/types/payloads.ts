import { Extensions, Field, ID, Int, ObjectType } from 'type-graphql';
import { BULK_LIMITS } from '../../domain/limits.js';
import type { Order } from '../../domain/order.js';
import { costs } from '../field-cost.js';
import { OrderType } from './order.js';
import { MAX_USER_ERRORS, UserError } from './user-errors.js';

const USER_ERRORS = 'Why it was rejected; empty when it was done. At most 50, the first ones.';

@ObjectType('CreateOrderPayload', { description: 'Answer to `createOrder`.', simpleResolvers: true })
export class CreateOrderPayload {
  @Field(() => OrderType, { nullable: true, description: 'The order; null when it was rejected.' })
  readonly order!: Order | null;

  @Field(() => Boolean, {
    description: 'Whether the order was there already, from an earlier request under the same id or key.',
  })
  readonly replayed!: boolean;

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}

@ObjectType('UpdateOrderStatusPayload', { description: 'Answer to `updateOrderStatus`.', simpleResolvers: true })
export class UpdateOrderStatusPayload {
  @Field(() => OrderType, { nullable: true, description: 'The order as it is now; null when it was rejected.' })
  readonly order!: Order | null;

  @Field(() => Boolean, {
    description: 'Whether this request, or the first under its key, changed the order. False where all was so already.',
  })
  readonly changed!: boolean;

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}

@ObjectType('CreateOrdersResult', { description: 'What became of one of several orders.', simpleResolvers: true })
export class CreateOrdersResult extends CreateOrderPayload {
  @Field(() => Int, { description: 'Which one of the request, from 0.' })
  readonly index!: number;
}

@ObjectType('CreateOrdersPayload', { description: 'Answer to `createOrders`.', simpleResolvers: true })
export class CreateOrdersPayload {
  @Extensions(costs({ size: BULK_LIMITS.orders }))
  @Field(() => [CreateOrdersResult], {
    description: 'One for each order of the request, in its order; empty where the request as a whole was rejected.',
  })
  readonly results!: readonly CreateOrdersResult[];

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: 'Why the request as a whole was rejected; empty when it was not.' })
  readonly userErrors!: readonly UserError[];
}

@ObjectType('UpdateOrderStatusesResult', {
  description: 'What became of one of several changes of status.',
  simpleResolvers: true,
})
export class UpdateOrderStatusesResult extends UpdateOrderStatusPayload {
  @Field(() => Int, { description: 'Which one of the request, from 0.' })
  readonly index!: number;
}

@ObjectType('UpdateOrderStatusesPayload', { description: 'Answer to `updateOrderStatuses`.', simpleResolvers: true })
export class UpdateOrderStatusesPayload {
  @Extensions(costs({ size: BULK_LIMITS.changes }))
  @Field(() => [UpdateOrderStatusesResult], {
    description: 'One for each change of the request, in its order; empty where the request as a whole was rejected.',
  })
  readonly results!: readonly UpdateOrderStatusesResult[];

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: 'Why the request as a whole was rejected; empty when it was not.' })
  readonly userErrors!: readonly UserError[];
}

@ObjectType('UpdateOrderPayload', { description: 'Answer to `updateOrder`.', simpleResolvers: true })
export class UpdateOrderPayload {
  @Field(() => OrderType, { nullable: true, description: 'The order as it is now; null when it was rejected.' })
  readonly order!: Order | null;

  @Field(() => Boolean, {
    description: 'Whether this request, or the first under its key, changed something. False where all was so already.',
  })
  readonly changed!: boolean;

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}

@ObjectType('CancelOrderPayload', { description: 'Answer to `cancelOrder`.', simpleResolvers: true })
export class CancelOrderPayload {
  @Field(() => OrderType, { nullable: true, description: 'The order as it is now; null when it was rejected.' })
  readonly order!: Order | null;

  @Field(() => Boolean, {
    description:
      'Whether this request, or the first under its key, cancelled it. False where it was cancelled already.',
  })
  readonly changed!: boolean;

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}

@ObjectType('DeleteOrderPayload', { description: 'Answer to `deleteOrder`.', simpleResolvers: true })
export class DeleteOrderPayload {
  @Field(() => ID, { nullable: true, description: 'Id of the order that was deleted; null when it was rejected.' })
  readonly deletedOrderId!: string | null;

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}
