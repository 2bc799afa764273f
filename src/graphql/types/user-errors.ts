import { Extensions, Field, Int, InterfaceType, ObjectType } from 'type-graphql';
import type { UserErrorCode } from '../../domain/errors.js';
import type { OrderStatus } from '../../domain/lifecycle.js';
import type { Order } from '../../domain/order.js';
import { ErrorCodeEnum, OrderStatusEnum } from './enums.js';
import type { Typed } from './node.js';
import { costs } from '../field-cost.js';
import { MOST_TRANSITIONS, OrderType } from './order.js';

/** `input.orders.0.items.0.unitPrice` */
const LONGEST_PATH = 6;

/** The most that one command answers. The first ones are enough to mend a request; the rest follow when it is sent again. */
export const MAX_USER_ERRORS = 50;

@InterfaceType('UserError', {
  description: 'An expected rejection: what a client has to be ready for. Nothing was stored.',
  resolveType: (value: Typed<object>) => value.__typename,
})
export abstract class UserError {
  @Field(() => ErrorCodeEnum, { description: 'Why, for programs.' })
  readonly code!: UserErrorCode;

  @Field(() => String, { description: 'Why, for people.' })
  readonly message!: string;

  @Extensions(costs({ size: LONGEST_PATH }))
  @Field(() => [String], {
    nullable: true,
    description: 'Where in the arguments the reason lies, outermost first: `["input", "items", "0", "quantity"]`.',
  })
  readonly field!: readonly string[] | null;

  @Field(() => Boolean, { description: 'Whether the same request may succeed later as it stands.' })
  readonly retryable!: boolean;
}

@ObjectType('InputError', { implements: UserError, description: 'A value breaks a rule.', simpleResolvers: true })
export class InputError extends UserError {}

@ObjectType('IdempotencyError', {
  implements: UserError,
  description: 'The id or idempotency key was used before, with another request or for an order that is not yours.',
  simpleResolvers: true,
})
export class IdempotencyError extends UserError {}

@ObjectType('TransitionError', {
  implements: UserError,
  description: 'The order cannot go from its status to the one asked for.',
  simpleResolvers: true,
})
export class TransitionError extends UserError {
  @Field(() => OrderStatusEnum, { description: 'The status it has.' })
  readonly from!: OrderStatus;

  @Field(() => OrderStatusEnum, { description: 'The status asked for.' })
  readonly to!: OrderStatus;

  @Extensions(costs({ size: MOST_TRANSITIONS }))
  @Field(() => [OrderStatusEnum], { description: 'The statuses it may go to instead.' })
  readonly allowed!: readonly OrderStatus[];
}

@ObjectType('VersionConflictError', {
  implements: UserError,
  description: 'The order has changed since the expected version. Look at it again before you decide.',
  simpleResolvers: true,
})
export class VersionConflictError extends UserError {
  @Field(() => Int, { description: 'The version it is at now.' })
  readonly currentVersion!: number;

  @Field(() => OrderType, { nullable: true, description: 'The order as it is now.' })
  readonly order!: Order | null;
}
