import type { TestClient } from './client.js';
import {
  ADDRESS,
  CREATE_ORDER,
  TEA,
  UPDATE_ORDER_STATUS,
  USER_ERRORS,
  WHOLE,
  type BulkPayload,
  type CreateOrderResponse,
  type DeletionPayload,
  type ErasurePayload,
  type OrderPayload,
  type OrderSummary,
  type UpdateOrderStatusResponse,
  type UserError,
  type WholeOrder,
} from './order-documents.js';

/*
 * One function for each operation on orders. It returns the payload, including user errors; `created…` returns the
 * order and throws on user errors. `…Whole…` reads all fields of the order, which takes more statements.
 */

export async function createOrder(client: TestClient, input: object = {}): Promise<CreateOrderResponse['createOrder']> {
  const variables = { input: { items: [TEA], ...input } };
  return (await client.get<CreateOrderResponse>(CREATE_ORDER, variables)).createOrder;
}

export async function createWholeOrder(client: TestClient, input: object = {}): Promise<OrderPayload> {
  return mutate(client, 'createOrder', `order { ${WHOLE} } replayed ${USER_ERRORS}`, { items: [TEA], ...input });
}

export async function createdOrder(client: TestClient, input: object = {}): Promise<OrderSummary> {
  return expectOrder(await createOrder(client, input));
}

export async function createdWholeOrder(client: TestClient, input: object = {}): Promise<WholeOrder> {
  return expectOrder(await createWholeOrder(client, input));
}

function expectOrder<T>({ order, userErrors }: { readonly order: T | null; readonly userErrors: unknown }): T {
  if (order === null) throw new Error(`rejected: ${JSON.stringify(userErrors)}`);
  return order;
}

export async function updateOrder(client: TestClient, input: object): Promise<OrderPayload> {
  return mutate(client, 'updateOrder', CHANGED_WHOLE, input);
}

export async function transitionOrder(
  client: TestClient,
  input: object,
): Promise<UpdateOrderStatusResponse['updateOrderStatus']> {
  return (await client.get<UpdateOrderStatusResponse>(UPDATE_ORDER_STATUS, { input })).updateOrderStatus;
}

export async function transitionWholeOrder(client: TestClient, input: object): Promise<OrderPayload> {
  return mutate(client, 'updateOrderStatus', CHANGED_WHOLE, input);
}

export async function cancelOrder(client: TestClient, input: object): Promise<OrderPayload> {
  return mutate(client, 'cancelOrder', CHANGED_WHOLE, input);
}

export async function deleteOrder(client: TestClient, input: object): Promise<DeletionPayload> {
  return mutate(client, 'deleteOrder', `deletedOrderId ${USER_ERRORS}`, input);
}

export async function assignCustomer(client: TestClient, input: object): Promise<OrderPayload> {
  return mutate(client, 'assignCustomer', CHANGED_WHOLE, input);
}

export async function eraseCustomer(client: TestClient, customerId: string): Promise<ErasurePayload> {
  return mutate(client, 'eraseCustomer', `erasedOrders isComplete ${USER_ERRORS}`, { customerId });
}

export async function createOrders(client: TestClient, input: object): Promise<BulkPayload> {
  return mutate(client, 'createOrders', bulkResults('replayed'), input);
}

export async function transitionOrders(client: TestClient, changes: readonly object[]): Promise<BulkPayload> {
  return mutate(client, 'updateOrderStatuses', bulkResults('changed'), { changes });
}

export async function readOrder(client: TestClient, id: string): Promise<WholeOrder | null> {
  const query = `query ($id: ID!) { order(id: $id) { ${WHOLE} } } ${ADDRESS}`;
  return (await client.get<{ order: WholeOrder | null }>(query, { id })).order;
}

const CHANGED_WHOLE = `order { ${WHOLE} } changed ${USER_ERRORS}`;

function bulkResults(flag: 'replayed' | 'changed'): string {
  const order = 'id version total { amount } updatedAt number status history { nodes { version type } }';
  return `results { index order { ${order} } ${flag} ${USER_ERRORS} } ${USER_ERRORS}`;
}

async function mutate<T>(client: TestClient, name: string, fields: string, input: object): Promise<T> {
  const type = `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}Input`;
  const fragment = fields.includes('...address') ? ADDRESS : '';
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } } ${fragment}`;
  const data = await client.get<Record<string, T>>(query, { input });
  return data[name] as T;
}

/** Codes and argument paths of errors, as `CODE input.items.0.name`. */
export function codes(errors: readonly UserError[]): string[] {
  return errors.map(({ code, field }) => `${code} ${field?.join('.') ?? ''}`);
}
