import type { TestClient } from './client.js';
import { TEA, type UserError } from './queries.js';

/** An order with everything that the API tells of it but its connections. */
export const WHOLE = `id number status version externalReference customerId customerName customerEmail currency: total { currency }
  total { amount } subtotal { amount } shipping { amount } discount { amount } tax { amount }
  shippingAddress { ...address } billingAddress { ...address } tracking { carrier number url } notes metadata
  items { position productId sku name quantity unitPrice { amount } subtotal { amount } }
  createdAt updatedAt completedAt cancelledAt cancelReason allowedTransitions
  history { nodes { version type from to changedFields reason } }`;

export const ADDRESS = 'fragment address on Address { name line1 line2 city region postalCode country countryCode }';

const ERRORS = `userErrors { __typename code message field retryable
  ... on TransitionError { from to allowed } ... on VersionConflictError { currentVersion } }`;

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

export interface Payload {
  readonly order: WholeOrder | null;
  readonly replayed?: boolean;
  readonly changed?: boolean;
  readonly userErrors: readonly UserError[];
}

export interface Row extends Payload {
  readonly index: number;
}

async function mutate<T>(client: TestClient, name: string, fields: string, input: object): Promise<T> {
  const type = `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}Input`;
  const fragment = fields.includes('...address') ? ADDRESS : '';
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } } ${fragment}`;
  const data = await client.get<Record<string, T>>(query, { input });
  return data[name] as T;
}

export async function createWhole(client: TestClient, input: object = {}): Promise<Payload> {
  return mutate(client, 'createOrder', `order { ${WHOLE} } replayed ${ERRORS}`, { items: [TEA], ...input });
}

export async function updateOrder(client: TestClient, input: object): Promise<Payload> {
  return mutate(client, 'updateOrder', `order { ${WHOLE} } changed ${ERRORS}`, input);
}

export async function transition(client: TestClient, input: object): Promise<Payload> {
  return mutate(client, 'updateOrderStatus', `order { ${WHOLE} } changed ${ERRORS}`, input);
}

export async function cancel(client: TestClient, input: object): Promise<Payload> {
  return mutate(client, 'cancelOrder', `order { ${WHOLE} } changed ${ERRORS}`, input);
}

export interface Deletion {
  readonly deletedOrderId: string | null;
  readonly userErrors: readonly UserError[];
}

export async function deleteOrder(client: TestClient, input: object): Promise<Deletion> {
  return mutate(client, 'deleteOrder', `deletedOrderId ${ERRORS}`, input);
}

export interface Rows {
  readonly results: readonly Row[];
  readonly userErrors: readonly UserError[];
}

export async function createMany(client: TestClient, input: object): Promise<Rows> {
  const fields = `results { index order { id version total { amount } updatedAt number status history { nodes { version type } } } replayed ${ERRORS} } ${ERRORS}`;
  return mutate(client, 'createOrders', fields, input);
}

export async function transitionMany(client: TestClient, changes: readonly object[]): Promise<Rows> {
  const fields = `results { index order { id version total { amount } updatedAt number status history { nodes { version type } } } changed ${ERRORS} } ${ERRORS}`;
  return mutate(client, 'updateOrderStatuses', fields, { changes });
}

/** An order that must have been taken. */
export async function createdOrder(client: TestClient, input: object = {}): Promise<WholeOrder> {
  const { order, userErrors } = await createWhole(client, input);
  if (order === null) throw new Error(`rejected: ${JSON.stringify(userErrors)}`);
  return order;
}

export async function read(client: TestClient, id: string): Promise<WholeOrder | null> {
  const query = `query ($id: ID!) { order(id: $id) { ${WHOLE} } } ${ADDRESS}`;
  return (await client.get<{ order: WholeOrder | null }>(query, { id })).order;
}

/** Codes and places of errors, as `CODE input.items.0.name`. */
export function codes(errors: readonly UserError[]): string[] {
  return errors.map(({ code, field }) => `${code} ${field?.join('.') ?? ''}`);
}
