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
  'Status of an order. `Order.allowedTransitions` lists the statuses that you may change an order to.',
  enumOf(ORDER_STATUSES),
  {
    PENDING: { description: 'Created, not yet confirmed. The status of every new order.' },
    CONFIRMED: { description: 'Confirmed by the merchant.' },
    PROCESSING: { description: 'Being prepared for shipment.' },
    SHIPPED: { description: 'Handed to the carrier. The order can no longer be cancelled.' },
    DELIVERED: { description: 'Received by the customer. The order can no longer be cancelled.' },
    COMPLETED: { description: 'Completed. This status is final.' },
    CANCELLED: { description: 'Cancelled. This status is final.' },
  },
);

export const OrderEventTypeEnum = register(
  'OrderEventType',
  'Type of an event.',
  enumOf(['CREATED', 'STATUS_CHANGED', 'UPDATED', 'DELETED']),
  {
    CREATED: { description: 'The order was created. Always version 1.' },
    STATUS_CHANGED: { description: 'The status of the order changed.' },
    UPDATED: {
      description: 'The customer, details, items, amounts or tracking information changed; `changedFields` lists them.',
    },
    DELETED: { description: 'The order was deleted. Always the last version.' },
  },
);

export const OrderSortFieldEnum = register(
  'OrderSortField',
  'Field by which to sort orders. Orders with the same value are sorted by id.',
  enumOf(ORDER_SORT_FIELDS),
  {
    CREATED_AT: { description: 'Time of creation.' },
    UPDATED_AT: {
      description:
        'Time of the last change. If an order changes while you are paging, its position in the list changes.',
    },
    TOTAL: {
      description:
        'Total of the order. Requires `where.currency`, because amounts in different currencies cannot be compared.',
    },
  },
);

export const SortDirectionEnum = register('SortDirection', 'Sort direction.', enumOf(['ASC', 'DESC']), {
  ASC: { description: 'Ascending: smallest or oldest first.' },
  DESC: { description: 'Descending: largest or newest first.' },
});

export const ErrorCodeEnum = register(
  'ErrorCode',
  'Machine-readable reason for the rejection of a mutation.',
  enumOf(Object.keys(USER_ERRORS) as UserErrorCode[]),
  {
    REQUIRED: { description: 'A required value is missing.' },
    INVALID: { description: 'A value fails validation; the message states which rule.' },
    NOT_FOUND: { description: 'The order or product does not exist, or you may not see it.' },
    DUPLICATE: { description: 'The value must be unique, and another order has it.' },
    LIMIT_EXCEEDED: {
      description: 'A value is too long, too large or has too many entries; the message states the limit.',
    },
    INVALID_TRANSITION: { description: 'The lifecycle does not allow this status change.' },
    VERSION_CONFLICT: { description: 'The order does not have the expected version.' },
    IDEMPOTENCY_MISMATCH: { description: 'The id or idempotency key was already used with different input.' },
    ORDER_DELETED: { description: 'The order with this id or idempotency key was deleted.' },
    TOTAL_MISMATCH: { description: 'The total differs from `expectedTotal`; the message contains the actual total.' },
    PRICE_CHANGED: {
      description: 'The unit price differs from `expectedUnitPrice`; the message contains the actual price.',
    },
    NOT_EDITABLE: {
      description: 'The status of the order does not allow this update, or the order already has a customer.',
    },
    BATCH_ABORTED: {
      description: 'This order is valid, but was not stored because another order in the request was rejected.',
    },
    CATALOGUE_UNAVAILABLE: { description: 'The product catalogue is unavailable. Retry later.' },
    SERVICE_UNAVAILABLE: {
      description: 'The server failed to process this entry of a bulk request. The message contains the reason.',
    },
  },
);

export const CancelReasonEnum = register('CancelReason', 'Why an order was cancelled.', enumOf(CANCEL_REASONS), {
  CUSTOMER: { description: 'Requested by the customer.' },
  FRAUD: { description: 'Fraud or suspected fraud.' },
  INVENTORY: { description: 'Out of stock.' },
  STAFF: { description: 'Merchant error.' },
  OTHER: { description: 'Another reason, or no reason given.' },
});

export const BatchPolicyEnum = register(
  'BatchPolicy',
  'What happens to the valid orders in a request if another order in it is rejected.',
  enumOf(['ALL_OR_NOTHING', 'PARTIAL']),
  {
    ALL_OR_NOTHING: { description: 'No order is stored. The valid orders are rejected with BATCH_ABORTED.' },
    PARTIAL: { description: 'The valid orders are stored.' },
  },
);

export const CountPrecisionEnum = register('CountPrecision', 'Precision of a count.', enumOf(['EXACT', 'AT_LEAST']), {
  EXACT: { description: 'The number is exact.' },
  AT_LEAST: { description: 'A lower bound: counting stopped at the limit and there are more.' },
});

export const StatsIntervalEnum = register(
  'StatsInterval',
  'Interval between the points of a time series.',
  enumOf(['HOUR', 'DAY']),
  {
    HOUR: { description: 'One hour in UTC.' },
    DAY: { description: 'One day in UTC.' },
  },
);
