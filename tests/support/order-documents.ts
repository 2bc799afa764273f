/* The GraphQL documents that most tests send, and the types of their responses. */

export const TEA = { name: 'Tea', quantity: 3, unitPrice: '4.20' };

export interface UserError {
  readonly __typename: string;
  readonly code: string;
  readonly message: string;
  readonly field: readonly string[] | null;
  readonly retryable: boolean;
  readonly allowed?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly currentVersion?: number;
  readonly order?: { readonly id: string; readonly version: number; readonly status: string };
}

export const USER_ERRORS = `userErrors {
  __typename code message field retryable
  ... on TransitionError { from to allowed }
  ... on VersionConflictError { currentVersion order { id version status } }
}`;

/** The fields that most tests read: one row without lists. */
export const SUMMARY = 'id number status version total { amount currency } createdAt updatedAt';

export interface OrderSummary {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly version: number;
  readonly total: { readonly amount: string; readonly currency: string };
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** All fields of an order except its customer. */
export const WHOLE = `id number status version externalReference customerId customerName customerEmail currency: total { currency }
  total { amount } subtotal { amount } shipping { amount } discount { amount } tax { amount }
  shippingAddress { ...address } billingAddress { ...address } tracking { carrier number url } notes metadata
  items { position productId sku name quantity unitPrice { amount } subtotal { amount } }
  createdAt updatedAt completedAt cancelledAt cancelReason allowedTransitions
  history { nodes { version type from to changedFields reason } }`;

export const ADDRESS = 'fragment address on Address { name line1 line2 city region postalCode country countryCode }';

export interface WholeOrder {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly version: number;
  readonly total: { readonly amount: string };
  readonly updatedAt: string;
  readonly history: { readonly nodes: readonly { readonly version: number; readonly type: string }[] };
  readonly [field: string]: unknown;
}

export const CREATE_ORDER = `mutation ($input: CreateOrderInput!) {
  createOrder(input: $input) { order { ${SUMMARY} } replayed ${USER_ERRORS} }
}`;

export interface CreateOrderResponse {
  readonly createOrder: {
    readonly order: OrderSummary | null;
    readonly replayed: boolean;
    readonly userErrors: readonly UserError[];
  };
}

export const UPDATE_ORDER_STATUS = `mutation ($input: UpdateOrderStatusInput!) {
  updateOrderStatus(input: $input) { order { ${SUMMARY} } changed ${USER_ERRORS} }
}`;

export interface UpdateOrderStatusResponse {
  readonly updateOrderStatus: {
    readonly order: OrderSummary | null;
    readonly changed: boolean;
    readonly userErrors: readonly UserError[];
  };
}

export interface OrderPayload {
  readonly order: WholeOrder | null;
  readonly replayed?: boolean;
  readonly changed?: boolean;
  readonly userErrors: readonly UserError[];
}

export interface BulkResult extends OrderPayload {
  readonly index: number;
}

export interface BulkPayload {
  readonly results: readonly BulkResult[];
  readonly userErrors: readonly UserError[];
}

export interface DeletionPayload {
  readonly deletedOrderId: string | null;
  readonly userErrors: readonly UserError[];
}

export interface ErasurePayload {
  readonly erasedOrders: number;
  readonly isComplete: boolean;
  readonly userErrors: readonly UserError[];
}
