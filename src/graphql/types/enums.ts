import { registerEnumType } from 'type-graphql';
import { ORDER_STATUSES, type OrderStatus } from '../../domain/lifecycle.js';

type Enum<T extends string> = { readonly [Value in T]: Value };

function enumOf<T extends string>(values: readonly T[]): Enum<T> {
  return Object.fromEntries(values.map((value) => [value, value])) as Enum<T>;
}

type Descriptions<T extends string> = { readonly [Value in T]: { readonly description: string } };

function register<T extends string>(
  name: string,
  description: string,
  values: Enum<T>,
  each: Descriptions<T>,
): Enum<T> {
  registerEnumType(values, { name, description, valuesConfig: each });
  return values;
}

export const OrderStatusEnum = register<OrderStatus>(
  'OrderStatus',
  'Where an order stands in its life. `Order.allowedTransitions` tells where it may go next.',
  enumOf(ORDER_STATUSES),
  {
    PENDING: { description: 'Taken, not yet confirmed. Every order begins here.' },
    CONFIRMED: { description: 'Accepted by the shop.' },
    PROCESSING: { description: 'Being picked, made or packed.' },
    SHIPPED: { description: 'Handed to the carrier. It can no longer be cancelled.' },
    DELIVERED: { description: 'Received by the customer.' },
    COMPLETED: { description: 'Done; nothing more will happen to it.' },
    CANCELLED: { description: 'Called off; nothing more will happen to it.' },
  },
);

export const OrderEventTypeEnum = register(
  'OrderEventType',
  'What kind of fact an event of an order is.',
  enumOf(['CREATED', 'STATUS_CHANGED']),
  {
    CREATED: { description: 'The order was taken; always its version 1.' },
    STATUS_CHANGED: { description: 'The order went from one status to another.' },
  },
);

export const OrderSortFieldEnum = register('OrderSortField', 'By what orders can be sorted.', enumOf(['CREATED_AT']), {
  CREATED_AT: { description: 'By the time the order was taken; orders of one moment by their ids.' },
});

export const SortDirectionEnum = register('SortDirection', 'Which end comes first.', enumOf(['ASC', 'DESC']), {
  ASC: { description: 'Smallest or oldest first.' },
  DESC: { description: 'Largest or newest first.' },
});

export const ERROR_CODES = [
  'REQUIRED',
  'INVALID',
  'NOT_FOUND',
  'DUPLICATE',
  'LIMIT_EXCEEDED',
  'INVALID_TRANSITION',
  'VERSION_CONFLICT',
  'IDEMPOTENCY_MISMATCH',
  'ORDER_DELETED',
] as const;

export const ErrorCodeEnum = register('ErrorCode', 'Why a mutation was refused, for programs.', enumOf(ERROR_CODES), {
  REQUIRED: { description: 'Something necessary is missing.' },
  INVALID: { description: 'A value breaks a rule; the message names it.' },
  NOT_FOUND: { description: 'What is named does not exist, or is not yours to see.' },
  DUPLICATE: { description: 'The value is taken, or given twice.' },
  LIMIT_EXCEEDED: { description: 'Too many, too long or too large; the message names the limit.' },
  INVALID_TRANSITION: { description: 'The order cannot go from its status to the one asked for.' },
  VERSION_CONFLICT: { description: 'The order is not at the version that was expected.' },
  IDEMPOTENCY_MISMATCH: { description: 'The id or key was used before with another request.' },
  ORDER_DELETED: { description: 'The order of this id or key has been deleted since.' },
});
