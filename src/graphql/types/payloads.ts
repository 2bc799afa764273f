import { Extensions, Field, ID, Int, ObjectType } from 'type-graphql';
import { BULK_LIMITS } from '../../domain/limits.js';
import type { Order } from '../../domain/order.js';
import { costs } from '../field-cost.js';
import { OrderType } from './order.js';
import { MAX_USER_ERRORS, UserError } from './user-errors.js';

const USER_ERRORS = `Reasons for the rejection; empty on success. At most ${MAX_USER_ERRORS} are listed.`;
const REQUEST_ERRORS = 'Reasons for the rejection of the whole request; empty if the entries were processed.';
const CURRENT_ORDER = 'The current order; null if the request was rejected.';
const CHANGED = 'Whether this request, or an earlier one with the same idempotency key, changed the order.';

@ObjectType('CreateOrderPayload', { description: 'Result of `createOrder`.', simpleResolvers: true })
export class CreateOrderPayload {
  @Field(() => OrderType, { nullable: true, description: 'The order; null if the request was rejected.' })
  readonly order!: Order | null;

  @Field(() => Boolean, {
    description: 'Whether an earlier request with the same id or idempotency key created the order.',
  })
  readonly replayed!: boolean;

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}

@ObjectType('UpdateOrderStatusPayload', { description: 'Result of `updateOrderStatus`.', simpleResolvers: true })
export class UpdateOrderStatusPayload {
  @Field(() => OrderType, { nullable: true, description: CURRENT_ORDER })
  readonly order!: Order | null;

  @Field(() => Boolean, {
    description: `${CHANGED} False if the order already had the status and tracking information.`,
  })
  readonly changed!: boolean;

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}

@ObjectType('CreateOrdersResult', { description: 'Result for one order of `createOrders`.', simpleResolvers: true })
export class CreateOrdersResult extends CreateOrderPayload {
  @Field(() => Int, { description: 'Index of the order in the request, from 0.' })
  readonly index!: number;
}

@ObjectType('CreateOrdersPayload', { description: 'Result of `createOrders`.', simpleResolvers: true })
export class CreateOrdersPayload {
  @Extensions(costs({ size: BULK_LIMITS.orders }))
  @Field(() => [CreateOrdersResult], {
    description:
      'One result for each order in the request, in the same sequence; empty if the whole request was rejected.',
  })
  readonly results!: readonly CreateOrdersResult[];

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: REQUEST_ERRORS })
  readonly userErrors!: readonly UserError[];
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

@ObjectType('UpdateOrderPayload', { description: 'Result of `updateOrder`.', simpleResolvers: true })
export class UpdateOrderPayload {
  @Field(() => OrderType, { nullable: true, description: CURRENT_ORDER })
  readonly order!: Order | null;

  @Field(() => Boolean, {
    description: `${CHANGED} False if the order already had all of the given values.`,
  })
  readonly changed!: boolean;

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}

@ObjectType('CancelOrderPayload', { description: 'Result of `cancelOrder`.', simpleResolvers: true })
export class CancelOrderPayload {
  @Field(() => OrderType, { nullable: true, description: CURRENT_ORDER })
  readonly order!: Order | null;

  @Field(() => Boolean, {
    description: `${CHANGED} False if the order was already cancelled.`,
  })
  readonly changed!: boolean;

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}

@ObjectType('DeleteOrderPayload', { description: 'Result of `deleteOrder`.', simpleResolvers: true })
export class DeleteOrderPayload {
  @Field(() => ID, { nullable: true, description: 'Id of the deleted order; null if the request was rejected.' })
  readonly deletedOrderId!: string | null;

  @Extensions(costs({ size: MAX_USER_ERRORS }))
  @Field(() => [UserError], { description: USER_ERRORS })
  readonly userErrors!: readonly UserError[];
}
