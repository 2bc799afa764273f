/*
 * The least role of every field, written by hand and independent of src/graphql/policy.ts: a new field fails the tests until
 * both tables have it. A field needs the role customer, with `+` the role staff, with `!` the role admin.
 */
const TABLE: Readonly<Record<string, string>> = {
  Query:
    'order orders orderByNumber orderByExternalReference orderEvents eventLogEnd customer orderStats+ viewer node nodes',
  Mutation: `createOrder updateOrderStatus+ updateOrder cancelOrder assignCustomer+ deleteOrder! eraseCustomer! createOrders
    updateOrderStatuses+`,
  Subscription: 'orderStatusChanged orderChanged',

  Order: `id number externalReference status allowedTransitions version customerId customerName customerEmail items total
    subtotal shipping discount tax shippingAddress billingAddress tracking notes metadata+ createdAt updatedAt completedAt
    cancelledAt cancelReason customer history`,
  OrderItem: 'id position productId sku name quantity unitPrice subtotal',
  OrderEvent: 'id resumeCursor type orderId version from to changedFields reason+ actor occurredAt order',
  Actor: 'kind subject+',
  Viewer: 'subject roles',
  Customer: 'id customerId name email orders',
  Address: 'name line1 line2 city region postalCode country countryCode',
  Tracking: 'carrier number url',
  Money: 'amount currency',
  Node: 'id',

  OrderStats: 'count+ byStatus+ money+ processingTime+ asOf+ series+',
  StatsPoint: 'from+ count+ money+',
  StatusCount: 'status+ count+',
  CurrencyStats: 'currency+ count+ gross+ average+',
  ProcessingTime: 'averageSeconds+ p50Seconds+ p95Seconds+',

  OrderConnection: 'edges nodes pageInfo totalCount count',
  OrderEdge: 'cursor node',
  OrderEventConnection: 'edges nodes pageInfo',
  OrderEventEdge: 'cursor node',
  PageInfo: 'hasNextPage hasPreviousPage startCursor endCursor',
  Count: 'value precision',

  CreateOrderPayload: 'order replayed userErrors',
  CreateOrdersPayload: 'results userErrors',
  CreateOrdersResult: 'order replayed userErrors index',
  UpdateOrderPayload: 'order changed userErrors',
  CancelOrderPayload: 'order changed userErrors',
  UpdateOrderStatusPayload: 'order+ changed+ userErrors+',
  UpdateOrderStatusesPayload: 'results+ userErrors+',
  UpdateOrderStatusesResult: 'order+ changed+ userErrors+ index+',
  AssignCustomerPayload: 'order+ changed+ userErrors+',
  DeleteOrderPayload: 'deletedOrderId! userErrors!',
  EraseCustomerPayload: 'erasedOrders! isComplete! userErrors!',

  UserError: 'code field message retryable',
  InputError: 'code field message retryable',
  IdempotencyError: 'code field message retryable',
  TransitionError: 'code field message retryable from to allowed',
  VersionConflictError: 'code field message retryable currentVersion order',

  CreateOrderInput: `id idempotencyKey customerId currency items customerName customerEmail externalReference shippingAddress
    billingAddress notes metadata+ shipping+ discount+ tax+ expectedTotal`,
  CreateOrdersInput: 'policy orders',
  UpdateOrderInput: `id expectedVersion idempotencyKey reason+ items+ customerName+ customerEmail externalReference+
    shippingAddress billingAddress notes metadata+ shipping+ tax+ discount+ expectedTotal+`,
  CancelOrderInput: 'id expectedVersion idempotencyKey reason+ note',
  UpdateOrderStatusInput: 'id+ expectedVersion+ idempotencyKey+ reason+ status+ tracking+',
  UpdateOrderStatusesInput: 'changes+',
  AssignCustomerInput: 'id+ customerId+ expectedVersion+ idempotencyKey+ reason+',
  DeleteOrderInput: 'id! expectedVersion! idempotencyKey! reason!',
  EraseCustomerInput: 'customerId!',
  OrderItemInput: 'productId sku name quantity unitPrice+ expectedUnitPrice',
  AddressInput: 'name line1 line2 city region postalCode country',
  TrackingInput: 'carrier+ number+ url+',

  OrderWhere: 'status customerId isGuest customerEmail externalReference number createdAt updatedAt total currency',
  OrderSort: 'field direction',
  StatusFilter: 'eq in notIn',
  StringFilter: 'eq in startsWith',
  DateTimeFilter: 'gte lt',
  DecimalFilter: 'gte lte',
};

const STRENGTH = { customer: 1, staff: 2, admin: 3 } as const;

export type LeastRole = keyof typeof STRENGTH;

/** The least role of each field, by `Type.field`. */
export const LEAST_ROLES: ReadonlyMap<string, LeastRole> = new Map(
  Object.entries(TABLE).flatMap(([type, fields]) =>
    fields.split(/\s+/).map((word) => {
      const role = word.endsWith('!') ? 'admin' : word.endsWith('+') ? 'staff' : 'customer';
      return [`${type}.${word.replace(/[+!]$/, '')}`, role] as const;
    }),
  ),
);

/** The first of the used fields that a role may not use; null if it may use all. No role may use none. */
export function firstForbidden(role: LeastRole | null, fields: readonly string[]): string | null {
  const strength = role === null ? 0 : STRENGTH[role];
  return fields.find((field) => STRENGTH[LEAST_ROLES.get(field) ?? 'admin'] > strength) ?? null;
}
