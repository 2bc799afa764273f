import { Extensions, Field, InputType, Int, ObjectType } from 'type-graphql';
import { BULK_LIMITS } from '../../domain/limits.js';
import type { BatchPolicy } from '../../orders/bulk-orders.js';
import { grouped } from '../description-texts.js';
import { costs } from '../field-cost.js';
import { CreateOrderInput, CreateOrderPayload } from './create-order.js';
import { BatchPolicyEnum } from './enums.js';
import { MAX_USER_ERRORS, REQUEST_ERRORS, UserError } from './user-errors.js';

@InputType('CreateOrdersInput', { description: 'Input of `createOrders`.' })
export class CreateOrdersInput {
  @Field(() => BatchPolicyEnum, {
    defaultValue: 'ALL_OR_NOTHING',
    description: 'Whether the valid orders in the request are stored if another order in it is rejected.',
  })
  readonly policy!: BatchPolicy;

  @Field(() => [CreateOrderInput], {
    description: `The orders, 1 to ${grouped(BULK_LIMITS.orders)}, with at most ${grouped(BULK_LIMITS.items)} items in total. Give each an \`id\` or \`idempotencyKey\` to make retries safe.`,
  })
  readonly orders!: CreateOrderInput[];
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
