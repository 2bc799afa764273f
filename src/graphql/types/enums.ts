import { registerEnumType } from 'type-graphql';
import { USER_ERRORS, type UserErrorCode } from '../../domain/errors.js';
import { ORDER_STATUSES, type OrderStatus } from '../../domain/lifecycle.js';
import { CANCEL_REASONS } from '../../domain/order.js';
import { ORDER_SORT_FIELDS } from '../../orders/interfaces/order-filter.js';

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
  enumOf(['CREATED', 'STATUS_CHANGED', 'UPDATED', 'DELETED']),
  {
    CREATED: { description: 'The order was taken; always its version 1.' },
    STATUS_CHANGED: { description: 'The order went from one status to another.' },
    UPDATED: { description: 'Details or items changed; `changedFields` says which.' },
    DELETED: { description: 'The order was deleted; always its last version.' },
  },
);

export const OrderSortFieldEnum = register(
  'OrderSortField',
  'By what orders can be sorted.',
  enumOf(ORDER_SORT_FIELDS),
  {
    CREATED_AT: { description: 'By the time the order was taken; orders of one moment by their ids.' },
    UPDATED_AT: {
      description: 'By the time the order last changed. An order that changes while you page moves to the new end.',
    },
    TOTAL: { description: 'By what the order costs. Amounts compare within a currency, so `where` must name one.' },
  },
);

export const SortDirectionEnum = register('SortDirection', 'Which end comes first.', enumOf(['ASC', 'DESC']), {
  ASC: { description: 'Smallest or oldest first.' },
  DESC: { description: 'Largest or newest first.' },
});

export const ErrorCodeEnum = register(
  'ErrorCode',
  'Why a mutation was rejected, for programs.',
  enumOf(Object.keys(USER_ERRORS) as UserErrorCode[]),
  {
    REQUIRED: { description: 'Something necessary is missing.' },
    INVALID: { description: 'A value breaks a rule; the message names it.' },
    NOT_FOUND: { description: 'What is named does not exist, or is not yours to see.' },
    DUPLICATE: { description: 'The value is taken, or given twice.' },
    LIMIT_EXCEEDED: { description: 'Too many, too long or too large; the message names the limit.' },
    INVALID_TRANSITION: { description: 'The order cannot go from its status to the one asked for.' },
    VERSION_CONFLICT: { description: 'The order is not at the version that was expected.' },
    IDEMPOTENCY_MISMATCH: { description: 'The id or key was used before with another request.' },
    ORDER_DELETED: { description: 'The order of this id or key has been deleted since.' },
    TOTAL_MISMATCH: { description: 'The total is not the one that was expected; the message tells it.' },
    PRICE_CHANGED: { description: 'The price is not the one that was expected; the message tells it.' },
    NOT_EDITABLE: { description: 'The order has gone too far in its life for this change.' },
    BATCH_ABORTED: { description: 'Nothing is wrong with this one, but another one of its request was rejected.' },
    CATALOGUE_UNAVAILABLE: { description: 'Prices cannot be looked up now; try again later.' },
    SERVICE_UNAVAILABLE: {
      description: 'This one of several could not be done now; the message says whether it may have been stored.',
    },
  },
);

export const CancelReasonEnum = register('CancelReason', 'Why an order was cancelled.', enumOf(CANCEL_REASONS), {
  CUSTOMER: { description: 'The customer wanted it.' },
  FRAUD: { description: 'It was or seemed fraudulent.' },
  INVENTORY: { description: 'The goods were not to be had.' },
  STAFF: { description: 'The shop made a mistake.' },
  OTHER: { description: 'Another reason, or none was given.' },
});

export const BatchPolicyEnum = register(
  'BatchPolicy',
  'What becomes of the good ones where one of several is rejected.',
  enumOf(['ALL_OR_NOTHING', 'PARTIAL']),
  {
    ALL_OR_NOTHING: { description: 'None is stored; the good ones say BATCH_ABORTED.' },
    PARTIAL: { description: 'The good ones are stored.' },
  },
);

export const CountPrecisionEnum = register('CountPrecision', 'How exact a count is.', enumOf(['EXACT', 'AT_LEAST']), {
  EXACT: { description: 'So many there are.' },
  AT_LEAST: { description: 'There are more; counting stopped there.' },
});

export const StatsIntervalEnum = register('StatsInterval', 'How a time series is cut.', enumOf(['HOUR', 'DAY']), {
  HOUR: { description: 'By hours in UTC.' },
  DAY: { description: 'By days in UTC.' },
});
