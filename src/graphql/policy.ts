import type { Role } from '../domain/viewer.js';

/** The fields of a type by the least role that may use them, separated by spaces. A stronger role may use them too. */
export type Policy = Readonly<Record<string, Readonly<Partial<Record<Role, string>>>>>;

/** The fields of an item that a customer may send in any case. */
const ITEM_FIELDS = 'productId sku name quantity expectedUnitPrice';

/**
 * The least role of every field: to select a field of an object or interface type, to send a field of an input type. A
 * field without a rule stops the server at its start. Which orders a customer may see is decided by
 * `domain/viewer.ts`.
 */
const POLICY: Policy = {
  Query: {
    customer: 'order orderByNumber orderByExternalReference orders orderEvents eventLogEnd customer viewer node nodes',
    staff: 'orderStats',
  },
  Mutation: {
    customer: 'createOrder createOrders updateOrder cancelOrder',
    staff: 'updateOrderStatus updateOrderStatuses assignCustomer',
    admin: 'deleteOrder eraseCustomer',
  },
  Subscription: { customer: 'orderStatusChanged orderChanged' },

  Order: {
    customer: `id number externalReference version status allowedTransitions cancelReason tracking
      createdAt updatedAt completedAt cancelledAt
      customer customerId customerName customerEmail shippingAddress billingAddress notes
      items subtotal shipping tax discount total history`,
    staff: 'metadata',
  },
  OrderItem: { customer: 'id position productId sku name quantity unitPrice subtotal' },
  Address: { customer: 'name line1 line2 city region postalCode country countryCode' },
  Tracking: { customer: 'carrier number url' },
  Money: { customer: 'amount currency' },
  Customer: { customer: 'id customerId name email orders' },
  OrderEvent: {
    customer: 'id orderId order version type from to changedFields actor occurredAt resumeCursor',
    staff: 'reason',
  },
  Actor: { customer: 'kind', staff: 'subject' },
  Viewer: { customer: 'subject roles' },

  OrderStats: { staff: 'asOf count byStatus money processingTime series' },
  StatsPoint: { staff: 'from count money' },
  StatusCount: { staff: 'status count' },
  CurrencyStats: { staff: 'currency count gross average' },
  ProcessingTime: { staff: 'averageSeconds p50Seconds p95Seconds' },

  Node: { customer: 'id' },
  OrderConnection: { customer: 'edges nodes pageInfo totalCount count' },
  OrderEdge: { customer: 'cursor node' },
  OrderEventConnection: { customer: 'edges nodes pageInfo' },
  OrderEventEdge: { customer: 'cursor node' },
  PageInfo: { customer: 'startCursor endCursor hasPreviousPage hasNextPage' },
  Count: { customer: 'value precision' },

  CreateOrderPayload: { customer: 'order replayed userErrors' },
  CreateOrdersPayload: { customer: 'results userErrors' },
  CreateOrdersResult: { customer: 'index order replayed userErrors' },
  UpdateOrderPayload: { customer: 'order changed userErrors' },
  CancelOrderPayload: { customer: 'order changed userErrors' },
  UpdateOrderStatusPayload: { staff: 'order changed userErrors' },
  UpdateOrderStatusesPayload: { staff: 'results userErrors' },
  UpdateOrderStatusesResult: { staff: 'index order changed userErrors' },
  AssignCustomerPayload: { staff: 'order changed userErrors' },
  DeleteOrderPayload: { admin: 'deletedOrderId userErrors' },
  EraseCustomerPayload: { admin: 'erasedOrders isComplete userErrors' },

  UserError: { customer: 'code field message retryable' },
  InputError: { customer: 'code field message retryable' },
  IdempotencyError: { customer: 'code field message retryable' },
  TransitionError: { customer: 'code field message retryable from to allowed' },
  VersionConflictError: { customer: 'code field message retryable currentVersion order' },

  CreateOrderInput: {
    customer: `id idempotencyKey externalReference customerId customerName customerEmail
      shippingAddress billingAddress notes currency items expectedTotal`,
    staff: 'shipping tax discount metadata',
  },
  CreateOrdersInput: { customer: 'policy orders' },
  UpdateOrderInput: {
    customer: 'id expectedVersion idempotencyKey customerEmail shippingAddress billingAddress notes',
    staff: 'reason externalReference customerName metadata items shipping tax discount expectedTotal',
  },
  CancelOrderInput: { customer: 'id expectedVersion idempotencyKey note', staff: 'reason' },
  UpdateOrderStatusInput: { staff: 'id status expectedVersion idempotencyKey reason tracking' },
  UpdateOrderStatusesInput: { staff: 'changes' },
  AssignCustomerInput: { staff: 'id customerId expectedVersion idempotencyKey reason' },
  DeleteOrderInput: { admin: 'id expectedVersion idempotencyKey reason' },
  EraseCustomerInput: { admin: 'customerId' },
  OrderItemInput: { customer: ITEM_FIELDS, staff: 'unitPrice' },
  AddressInput: { customer: 'name line1 line2 city region postalCode country' },
  TrackingInput: { staff: 'carrier number url' },

  OrderWhere: {
    customer: `status customerId isGuest customerEmail externalReference number createdAt updatedAt total currency`,
  },
  OrderSort: { customer: 'field direction' },
  StatusFilter: { customer: 'eq in notIn' },
  StringFilter: { customer: 'eq in startsWith' },
  DateTimeFilter: { customer: 'gte lt' },
  DecimalFilter: { customer: 'gte lte' },
};

/** @param customerPrices whether customers may send the prices of items */
export function policyOf({ customerPrices }: { readonly customerPrices: boolean }): Policy {
  if (!customerPrices) return POLICY;
  return { ...POLICY, OrderItemInput: { customer: `${ITEM_FIELDS} unitPrice` } };
}
