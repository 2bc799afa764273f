import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createClient, type TestClient } from '../support/client.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { STATUSES } from '../support/lifecycle.js';
import {
  assignCustomer,
  codes,
  createdWholeOrder,
  createWholeOrder,
  deleteOrder,
  readOrder,
  transitionWholeOrder,
  updateOrder,
} from '../support/order-requests.js';
import { insertOrders } from '../support/rows.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

/* A guest order can be assigned to a customer once. */

const database = useDatabase();
const server = useServer(database);
const withTokens = useServer(database, { ...AUTH_ENV, ALLOW_CUSTOMER_PRICES: 'true', RATE_LIMIT: 'off' });

async function asCustomer(sub: string): Promise<TestClient> {
  return createClient(withTokens.url, await signToken({ sub, roles: ['customer'] }));
}

async function referencesOf(id: string): Promise<unknown[]> {
  const columns = 'customer_id AS "customerId", external_reference AS reference';
  return database.sql(`SELECT ${columns} FROM order_references WHERE order_id = $1`, [id]);
}

test('an assignment sets only the customer and is idempotent', async () => {
  const customerId = randomUUID();
  const before = await createdWholeOrder(server, { notes: 'ring twice' });
  const first = await assignCustomer(server, { id: before.id, customerId, reason: 'requested' });
  expect(first).toMatchObject({ changed: true, userErrors: [] });
  const { version: _, updatedAt: __, history: ___, ...rest } = before;
  expect(first.order).toMatchObject({ ...rest, customerId, version: 2 });
  expect(first.order?.history.nodes.at(-1)).toEqual({
    version: 2,
    type: 'UPDATED',
    from: null,
    to: null,
    changedFields: ['customerId'],
    reason: 'requested',
  });
  expect(await assignCustomer(server, { id: before.id, customerId })).toEqual({ ...first, changed: false });
});

test('an order is assigned in every status, and not once it is deleted', async () => {
  for (const status of STATUSES) {
    const id = randomUUID();
    await insertOrders(database, [{ id, status }]);
    expect(await assignCustomer(server, { id, customerId: 'c' })).toMatchObject({ changed: true, order: { status } });
  }
  const { id } = await createdWholeOrder(server);
  await deleteOrder(server, { id });
  expect(codes((await assignCustomer(server, { id, customerId: 'c' })).userErrors)).toEqual(['NOT_FOUND input.id']);
});

test('an order of another customer is not assigned, and the rejection does not name that customer', async () => {
  const owner = randomUUID();
  const { id } = await createdWholeOrder(server, { customerId: owner });
  const { order, userErrors } = await assignCustomer(server, { id, customerId: 'c' });
  expect({ order, codes: codes(userErrors) }).toEqual({ order: null, codes: ['NOT_EDITABLE input.customerId'] });
  expect(JSON.stringify(userErrors)).not.toContain(owner);
  expect(await readOrder(server, id)).toMatchObject({ customerId: owner, version: 1 });
});

test('the customer id has the rules of a creation', async () => {
  const { id } = await createdWholeOrder(server);
  for (const [customerId, code] of [
    ['', 'INVALID'],
    [' c', 'INVALID'],
    ['c'.repeat(129), 'LIMIT_EXCEEDED'],
  ]) {
    const { userErrors } = await assignCustomer(server, { id, customerId });
    expect(codes(userErrors)).toEqual([`${code} input.customerId`]);
  }
});

const EVERYTHING = `query ($id: ID!, $customerId: String!) {
  order(id: $id) { id history { nodes { version } } }
  orders { nodes { id } totalCount }
  customer(customerId: $customerId) { orders { nodes { id } } }
}`;

test('the customer sees the order with its whole history; lists and statistics of the customer include it', async () => {
  const customerId = randomUUID();
  const { id } = await createdWholeOrder(server);
  await transitionWholeOrder(server, { id, status: 'CONFIRMED' });
  const client = await asCustomer(customerId);
  const seen = async () => client.get<object>(EVERYTHING, { id, customerId });
  const nothing = { order: null, orders: { nodes: [], totalCount: 0 }, customer: null };
  expect(await seen()).toEqual(nothing);
  await assignCustomer(server, { id, customerId });
  expect(await seen()).toEqual({
    order: { id, history: { nodes: [{ version: 1 }, { version: 2 }, { version: 3 }] } },
    orders: { nodes: [{ id }], totalCount: 1 },
    customer: { orders: { nodes: [{ id }] } },
  });
  const filtered = `{
    orders(where: {customerId: "${customerId}"}) { nodes { id } }
    orderStats(customerId: "${customerId}") { count }
  }`;
  expect(await server.get(filtered)).toEqual({ orders: { nodes: [{ id }] }, orderStats: { count: 1 } });
});

test('events from the assignment on have the customer and reach its subscription', async () => {
  const customerId = randomUUID();
  const { id } = await createdWholeOrder(server);
  const watched = await server.subscribe(
    'subscription ($customerId: String) { orderStatusChanged(customerId: $customerId) { version } }',
    { customerId },
  );
  await assignCustomer(server, { id, customerId });
  await transitionWholeOrder(server, { id, status: 'CONFIRMED' });
  expect(await watched.until(({ length }) => length > 0)).toEqual([{ orderStatusChanged: { version: 3 } }]);
  watched.stop();
  const events = 'SELECT customer_id FROM order_events WHERE order_id = $1 ORDER BY version';
  expect(await database.sql(events, [id])).toEqual([
    { customer_id: null },
    { customer_id: customerId },
    { customer_id: customerId },
  ]);
});

test('the external reference moves from the guest orders to those of the customer', async () => {
  const [customerId, externalReference] = [randomUUID(), randomUUID()];
  const { id } = await createdWholeOrder(server, { externalReference });
  await assignCustomer(server, { id, customerId });
  expect(await referencesOf(id)).toEqual([{ customerId, reference: externalReference }]);
  const taken = await createWholeOrder(server, { customerId, externalReference });
  expect(codes(taken.userErrors)).toEqual(['DUPLICATE input.externalReference']);

  const guest = await createdWholeOrder(server, { externalReference });
  const duplicate = await assignCustomer(server, { id: guest.id, customerId });
  expect(codes(duplicate.userErrors)).toEqual(['DUPLICATE input.customerId']);
  expect(await referencesOf(guest.id)).toEqual([{ customerId: '', reference: externalReference }]);
});

test('one of an assignment and a creation with the same reference at the same time gets the reference', async () => {
  for (let round = 0; round < 20; round += 1) {
    const [customerId, externalReference] = [randomUUID(), randomUUID()];
    const { id } = await createdWholeOrder(server, { externalReference });
    const [assigned, created] = await Promise.all([
      assignCustomer(server, { id, customerId }),
      createWholeOrder(server, { customerId, externalReference }),
    ]);
    expect([assigned.order, created.order].filter((order) => order === null)).toHaveLength(1);
    const [loser] = [...assigned.userErrors, ...created.userErrors];
    expect(loser?.code).toBe('DUPLICATE');
    const owner = created.order?.id ?? id;
    expect(await referencesOf(owner)).toEqual([{ customerId, reference: externalReference }]);
  }
});

test('references stay right when the order is updated and assigned in one batch', async () => {
  for (let round = 0; round < 20; round += 1) {
    const [customerId, before, after] = [randomUUID(), randomUUID(), randomUUID()];
    const { id } = await createdWholeOrder(server, { externalReference: before });
    const update = updateOrder(server, { id, expectedVersion: 1, externalReference: after });
    const assign = assignCustomer(server, { id, customerId });
    const moves = [update, assign, assignCustomer(server, { id, customerId: randomUUID() })];
    const changed = (await Promise.all(moves)).map((result) => result.changed);
    expect(changed.filter((each) => each === true).length).toBeGreaterThanOrEqual(1);
    const order = await readOrder(server, id);
    expect(await referencesOf(id)).toEqual([
      { customerId: order?.['customerId'], reference: order?.['externalReference'] },
    ]);
  }
});

test('of many concurrent assignments to different customers one succeeds', async () => {
  const { id } = await createdWholeOrder(server);
  const customers = Array.from({ length: 20 }, () => randomUUID());
  const results = await Promise.all(customers.map((customerId) => assignCustomer(server, { id, customerId })));
  const winners = results.flatMap(({ changed }, index) => (changed === true ? customers[index] : []));
  expect(winners).toHaveLength(1);
  expect(await readOrder(server, id)).toMatchObject({ customerId: winners[0], version: 2 });
});

test('the request that created the order is replayed for staff, and is a mismatch for the customer', async () => {
  const [id, customerId] = [randomUUID(), randomUUID()];
  const input = { id, items: [{ name: 'Tea', unitPrice: '1' }] };
  const create = async (client: TestClient, more: object = {}) => {
    const query = `mutation ($input: CreateOrderInput!) {
      createOrder(input: $input) { order { id } replayed userErrors { code message } }
    }`;
    return client.get<object>(query, { input: { ...input, ...more } });
  };
  await create(server);
  await assignCustomer(server, { id, customerId });
  expect(await create(server)).toEqual({ createOrder: { order: { id }, replayed: true, userErrors: [] } });
  const mismatch = {
    order: null,
    replayed: false,
    userErrors: [{ code: 'IDEMPOTENCY_MISMATCH', message: 'id was already used with different input.' }],
  };
  expect(await create(await asCustomer(customerId))).toEqual({ createOrder: mismatch });
  expect(await create(server, { customerId })).toEqual({ createOrder: mismatch });
});
