import { isInterfaceType, isObjectType, type GraphQLSchema } from 'graphql';
import type { Role } from '../domain/viewer.js';

/** Who may use a field: every viewer, the customer of the order, or a viewer of a role. */
type Rule = 'anyone' | 'owner' | Role;

/** The fields of a type under each rule, separated by spaces. */
type Policy = Readonly<Record<string, Readonly<Partial<Record<Rule, string>>>>>;

/**
 * The rule of every field. A field without a rule stops the server at its start. Documents are not checked against this
 * table yet, so every rule is `anyone`.
 */
export const POLICY: Policy = {
  Query: { anyone: 'order orderByNumber orderByExternalReference orders orderStats customer viewer node nodes' },
  Mutation: {
    anyone: 'createOrder createOrders updateOrder updateOrderStatus updateOrderStatuses cancelOrder deleteOrder',
  },
  Subscription: { anyone: 'orderStatusChanged' },

  Order: {
    anyone: `id number externalReference version status allowedTransitions cancelReason tracking
      createdAt updatedAt completedAt cancelledAt
      customer customerId customerName customerEmail shippingAddress billingAddress notes metadata
      items subtotal shipping tax discount total history`,
  },
  OrderItem: { anyone: 'id position productId sku name quantity unitPrice subtotal' },
  Address: { anyone: 'name line1 line2 city region postalCode country countryCode' },
  Tracking: { anyone: 'carrier number url' },
  Money: { anyone: 'amount currency' },
  Customer: { anyone: 'id customerId name email orders' },
  OrderEvent: {
    anyone: 'id orderId order version type from to changedFields reason actor occurredAt resumeCursor',
  },
  Actor: { anyone: 'kind subject' },
  Viewer: { anyone: 'subject roles' },

  OrderStats: { anyone: 'asOf count byStatus money processingTime series' },
  StatsPoint: { anyone: 'from count money' },
  StatusCount: { anyone: 'status count' },
  CurrencyStats: { anyone: 'currency count gross average' },
  ProcessingTime: { anyone: 'averageSeconds p50Seconds p95Seconds' },

  Node: { anyone: 'id' },
  OrderConnection: { anyone: 'edges nodes pageInfo totalCount count' },
  OrderEdge: { anyone: 'cursor node' },
  OrderEventConnection: { anyone: 'edges nodes pageInfo' },
  OrderEventEdge: { anyone: 'cursor node' },
  PageInfo: { anyone: 'startCursor endCursor hasPreviousPage hasNextPage' },
  Count: { anyone: 'value precision' },

  CreateOrderPayload: { anyone: 'order replayed userErrors' },
  CreateOrdersPayload: { anyone: 'results userErrors' },
  CreateOrdersResult: { anyone: 'index order replayed userErrors' },
  UpdateOrderPayload: { anyone: 'order changed userErrors' },
  UpdateOrderStatusPayload: { anyone: 'order changed userErrors' },
  UpdateOrderStatusesPayload: { anyone: 'results userErrors' },
  UpdateOrderStatusesResult: { anyone: 'index order changed userErrors' },
  CancelOrderPayload: { anyone: 'order changed userErrors' },
  DeleteOrderPayload: { anyone: 'deletedOrderId userErrors' },

  UserError: { anyone: 'code field message retryable' },
  InputError: { anyone: 'code field message retryable' },
  IdempotencyError: { anyone: 'code field message retryable' },
  TransitionError: { anyone: 'code field message retryable from to allowed' },
  VersionConflictError: { anyone: 'code field message retryable currentVersion order' },
};

/** @throws Error naming each field that does not have exactly one rule, and each rule of a field that does not exist */
export function assertPolicy(schema: GraphQLSchema, policy: Policy): void {
  const fields = fieldsOf(schema);
  const ruled = ruledFields(policy);
  const problems = [
    ...fields.filter((field) => !ruled.includes(field)).map((field) => `The field ${field} has no rule.`),
    ...ruled.filter((field) => !fields.includes(field)).map((field) => `The field ${field} does not exist.`),
    ...ruled.filter((field, at) => ruled.indexOf(field) < at).map((field) => `The field ${field} has two rules.`),
  ];
  if (problems.length > 0) throw new Error(`graphql/policy.ts does not fit the schema. ${problems.join(' ')}`);
}

/** The fields that a document can select, as `Type.field`, without those of introspection. */
function fieldsOf(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    if (type.name.startsWith('__') || !(isObjectType(type) || isInterfaceType(type))) return [];
    return Object.keys(type.getFields()).map((field) => `${type.name}.${field}`);
  });
}

function ruledFields(policy: Policy): string[] {
  return Object.entries(policy).flatMap(([type, rules]) =>
    Object.values(rules).flatMap((fields) => wordsOf(fields).map((field) => `${type}.${field}`)),
  );
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
