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

/** The most errors of one command. The others are listed when the corrected request is sent again. */
export const MAX_USER_ERRORS = 50;

export const USER_ERRORS = `Reasons for the rejection; empty on success. At most ${MAX_USER_ERRORS} are listed.`;
export const REQUEST_ERRORS = 'Reasons for the rejection of the whole request; empty if the entries were processed.';

@InterfaceType('UserError', {
  description: 'A reason for the rejection of a mutation. A rejected mutation stores nothing.',
  resolveType: (value: Typed<object>) => value.__typename,
})
export abstract class UserError {
  @Field(() => ErrorCodeEnum, { description: 'Machine-readable reason.' })
  readonly code!: UserErrorCode;

  @Field(() => String, { description: 'Human-readable reason.' })
  readonly message!: string;

  @Extensions(costs({ size: LONGEST_PATH }))
  @Field(() => [String], {
    nullable: true,
    description:
      'Path to the argument that caused the rejection, outermost first: `["input", "items", "0", "quantity"]`.',
  })
  readonly field!: readonly string[] | null;

  @Field(() => Boolean, { description: 'Whether retrying the same request unchanged may succeed.' })
  readonly retryable!: boolean;
}

@ObjectType('InputError', {
  implements: UserError,
  description:
    'A value in the input fails validation, or the request cannot be processed; `code` and `message` contain the reason.',
  simpleResolvers: true,
})
export class InputError extends UserError {}

@ObjectType('IdempotencyError', {
  implements: UserError,
  description:
    'The id or idempotency key was already used: with different input, for an order that has been deleted, or for an order that you may not see.',
  simpleResolvers: true,
})
export class IdempotencyError extends UserError {}

@ObjectType('TransitionError', {
  implements: UserError,
  description: 'The lifecycle does not allow this status change.',
  simpleResolvers: true,
})
export class TransitionError extends UserError {
  @Field(() => OrderStatusEnum, { description: 'Current status of the order.' })
  readonly from!: OrderStatus;

  @Field(() => OrderStatusEnum, { description: 'Requested status.' })
  readonly to!: OrderStatus;

  @Extensions(costs({ size: MOST_TRANSITIONS }))
  @Field(() => [OrderStatusEnum], { description: 'The statuses that you may change the order to.' })
  readonly allowed!: readonly OrderStatus[];
}

@ObjectType('VersionConflictError', {
  implements: UserError,
  description:
    'The order does not have the expected version: it has changed since you read it. Read it again before you retry.',
  simpleResolvers: true,
})
export class VersionConflictError extends UserError {
  @Field(() => Int, { description: 'Current version of the order.' })
  readonly currentVersion!: number;

  @Field(() => OrderType, { nullable: true, description: 'The current order.' })
  readonly order!: Order | null;
}
