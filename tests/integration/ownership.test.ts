import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { OPEN_ADMIN } from '../../src/auth/open-viewer.js';
import type { Viewer } from '../../src/domain/viewer.js';
import type { UserError } from '../support/order-documents.js';
import { useViewers, type ViewerClient } from '../support/viewer-client.js';

/* A client cannot read or change orders of another client, and their idempotency keys are separate. */

const viewers = useViewers();

const customer = (subject: string): Viewer => ({ issuer: 'i', subject, roles: ['customer'] });
const staff = (subject: string): Viewer => ({ issuer: 'i', subject, roles: ['staff'] });

async function createOrder(client: ViewerClient, input: object): Promise<string> {
  const query = 'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id } } }';
  const items = [{ name: 'Tea', unitPrice: '1' }];
  const { createOrder: response } = await client.get<{ createOrder: { order: { id: string } } }>(query, {
    input: { items, ...input },
  });
  return response.order.id;
}

test('an order, its items and its events are visible to their owner and staff, and null for other clients', async () => {
  const [owner, other] = [randomUUID(), randomUUID()];
  const id = await createOrder(viewers.as(OPEN_ADMIN), { customerId: owner, externalReference: owner });
  const found = async (viewer: Viewer) =>
    viewers.as(viewer).get<object>(`{
      order(id: "${id}") { id }
      node(id: "${id}") { id }
      item: node(id: "item:${id}:1") { id }
      event: node(id: "event:${id}:1") { id }
      customer: node(id: "customer:${owner}") { id }
      reference: orderByExternalReference(customerId: "${owner}", externalReference: "${owner}") { id }
    }`);
  const everything = {
    order: { id },
    node: { id },
    item: { id: `item:${id}:1` },
    event: { id: `event:${id}:1` },
    customer: { id: `customer:${owner}` },
    reference: { id },
  };
  const nothing = Object.fromEntries(Object.keys(everything).map((name) => [name, null]));
  expect(await found(customer(owner))).toEqual(everything);
  expect(await found(staff('anyone'))).toEqual(everything);
  expect(await found(customer(other))).toEqual(nothing);
});

test('lists and counts of a customer include only its own orders, regardless of the filter', async () => {
  const [one, two] = [randomUUID(), randomUUID()];
  const admin = viewers.as(OPEN_ADMIN);
  const created = await createOrder(admin, { customerId: one });
  await createOrder(admin, { customerId: two });
  await createOrder(admin, {});
  const empty = { nodes: [], totalCount: 0 };
  const seen = await viewers.as(customer(one)).get(
    `query ($one: String!, $two: String!) {
      all: orders { nodes { id } totalCount }
      byStatus: orders(where: {status: {eq: PENDING}}) { nodes { id } totalCount }
      own: orders(where: {customerId: $one}) { nodes { id } totalCount }
      foreign: orders(where: {customerId: $two}) { nodes { id } totalCount }
    }`,
    { one, two },
  );
  const own = { nodes: [{ id: created }], totalCount: 1 };
  expect(seen).toEqual({ all: own, byStatus: own, own, foreign: empty });
});

interface Transitioned {
  readonly updateOrderStatus: { readonly changed: boolean; readonly userErrors: readonly UserError[] };
}

test('the same idempotency key of two clients identifies two requests, also on one order', async () => {
  const id = await createOrder(viewers.as(OPEN_ADMIN), {});
  const idempotencyKey = 'key';
  const change = async (subject: string, status: string) => {
    const query =
      'mutation ($input: UpdateOrderStatusInput!) { updateOrderStatus(input: $input) { changed userErrors { code } } }';
    const response = await viewers
      .as(staff(subject))
      .get<Transitioned>(query, { input: { id, status, idempotencyKey } });
    return response.updateOrderStatus;
  };
  const done = { changed: true, userErrors: [] };
  expect(await change('ann', 'CONFIRMED')).toEqual(done);
  expect(await change('bob', 'PROCESSING')).toEqual(done);
  expect(await change('ann', 'CONFIRMED')).toEqual(done); // replayed, not repeated
  expect(await viewers.database.sql('SELECT version FROM orders WHERE id = $1', [id])).toEqual([{ version: 3 }]);
  const orders = ['ann', 'bob', 'ann'].map((subject) => createOrder(viewers.as(staff(subject)), { idempotencyKey }));
  expect(new Set(await Promise.all(orders)).size).toBe(2);
});
