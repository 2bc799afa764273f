import type { TestClient } from './client.js';

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

export interface OrderAnswer {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly version: number;
  readonly total: { readonly amount: string; readonly currency: string };
  readonly createdAt: string;
  readonly updatedAt: string;
}

const USER_ERRORS = `userErrors {
  __typename code message field retryable
  ... on TransitionError { from to allowed }
  ... on VersionConflictError { currentVersion order { id version status } }
}`;

const ORDER = 'id number status version total { amount currency } createdAt updatedAt';

export const CREATE = `mutation ($input: CreateOrderInput!) {
  createOrder(input: $input) { order { ${ORDER} } replayed ${USER_ERRORS} }
}`;

export const UPDATE = `mutation ($input: UpdateOrderStatusInput!) {
  updateOrderStatus(input: $input) { order { ${ORDER} } changed ${USER_ERRORS} }
}`;

export interface CreateAnswer {
  readonly createOrder: {
    readonly order: OrderAnswer | null;
    readonly replayed: boolean;
    readonly userErrors: readonly UserError[];
  };
}

export interface UpdateAnswer {
  readonly updateOrderStatus: {
    readonly order: OrderAnswer | null;
    readonly changed: boolean;
    readonly userErrors: readonly UserError[];
  };
}

export const TEA = { name: 'Tea', quantity: 3, unitPrice: '4.20' };

export async function create(client: TestClient, input: object = {}): Promise<CreateAnswer['createOrder']> {
  const { createOrder } = await client.get<CreateAnswer>(CREATE, { input: { items: [TEA], ...input } });
  return createOrder;
}

/** A new order that must have been taken. */
export async function created(client: TestClient, input: object = {}): Promise<OrderAnswer> {
  const { order, userErrors } = await create(client, input);
  if (order === null) throw new Error(`rejected: ${JSON.stringify(userErrors)}`);
  return order;
}

export async function update(client: TestClient, input: object): Promise<UpdateAnswer['updateOrderStatus']> {
  const { updateOrderStatus } = await client.get<UpdateAnswer>(UPDATE, { input });
  return updateOrderStatus;
}
