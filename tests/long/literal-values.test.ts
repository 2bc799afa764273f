import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { createClient, type TestClient } from '../support/client.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { createdOrder } from '../support/order-requests.js';
import { STORABLE_TEXTS } from '../support/payloads.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

/* Texts with a meaning to SQL, LIKE, arrays, JSON or JavaScript are stored as they are, and match only themselves. */

const database = useDatabase();
const server = useServer(database, { ...AUTH_ENV, RATE_LIMIT: 'off', ALLOW_CUSTOMER_PRICES: 'true' });

let staff: TestClient;
const ids = new Map<string, string>();

const inputOf = (text: string) => ({
  customerId: `customer ${text}.`,
  externalReference: text,
  customerName: text,
  customerEmail: 'ann@example.com',
  notes: text,
  metadata: { [text]: { [text]: [text] } },
  shippingAddress: {
    name: text,
    line1: text,
    line2: text,
    city: text,
    region: text,
    postalCode: `${text}.`.slice(0, 20),
  },
  items: [{ productId: text, sku: text, name: text, quantity: 1, unitPrice: '1' }],
});

const STORED = `externalReference customerId customerName customerEmail notes metadata
  shippingAddress { name line1 line2 city region postalCode } items { productId sku name quantity }`;

beforeAll(async () => {
  staff = createClient(server.url, await signToken({ sub: 'sam', roles: ['staff'] }));
  for (const text of STORABLE_TEXTS) {
    const { id } = await createdOrder(staff, { ...inputOf(text), idempotencyKey: text });
    ids.set(text, id);
  }
});

test('each text is stored and returned as it is, by a creation and by an update', async () => {
  for (const text of STORABLE_TEXTS) {
    const id = ids.get(text);
    const { items, ...details } = inputOf(text);
    const expected = { ...details, items: items.map(({ unitPrice: _price, ...item }) => item) };
    const read = `query ($id: ID!) { order(id: $id) { ${STORED} history { nodes { reason } } } }`;
    const created = await staff.get<{ order: object }>(read, { id });
    expect(created.order).toEqual({ ...expected, history: { nodes: [{ reason: null }] } });
    const { customerId: _, ...input } = details;
    const update = { ...input, id, expectedVersion: 1, items, notes: `${text}!`, reason: text, idempotencyKey: text };
    const change = `mutation ($input: UpdateOrderInput!) {
      updateOrder(input: $input) { order { ${STORED} history { nodes { reason } } } userErrors { message } } }`;
    expect(await staff.get(change, { input: update })).toEqual({
      updateOrder: {
        order: { ...expected, notes: `${text}!`, history: { nodes: [{ reason: null }, { reason: text }] } },
        userErrors: [],
      },
    });
  }
});

test.each([
  ['eq', (text: string) => ({ externalReference: { eq: text } })],
  ['in', (text: string) => ({ externalReference: { in: [text] } })],
  ['customerId', (text: string) => ({ customerId: `customer ${text}.` })],
  ['two conditions', (text: string) => ({ customerId: `customer ${text}.`, externalReference: { startsWith: text } })],
] as const)('a filter by %s finds exactly the order with the text', async (_name, where) => {
  for (const text of STORABLE_TEXTS) {
    const list = 'query ($where: OrderWhere) { orders(where: $where, first: 100) { nodes { id } totalCount } }';
    const found = { nodes: [{ id: ids.get(text) }], totalCount: 1 };
    expect(await staff.get(list, { where: where(text) })).toEqual({ orders: found });
  }
});

test('startsWith finds the orders that begin with the text, without wildcards', async () => {
  for (const text of STORABLE_TEXTS) {
    const list =
      'query ($text: String!) { orders(where: {externalReference: {startsWith: $text}}, first: 100) { nodes { externalReference } } }';
    const { orders } = await staff.get<{ orders: { nodes: { externalReference: string }[] } }>(list, { text });
    const expected = STORABLE_TEXTS.filter((other) => other.startsWith(text));
    expect(orders.nodes.map(({ externalReference }) => externalReference).toSorted()).toEqual(expected.toSorted());
  }
});

test('look-ups, nodes and subjects match the text exactly', async () => {
  for (const text of STORABLE_TEXTS) {
    const customerId = `customer ${text}.`;
    const query = `query ($customerId: String!, $text: String!, $node: ID!) {
      orderByExternalReference(customerId: $customerId, externalReference: $text) { id }
      customer(customerId: $customerId) { customerId orders { totalCount } }
      node(id: $node) { id } }`;
    const node = `customer:${customerId}`;
    const customer = { customerId, orders: { totalCount: 1 } };
    const own = { orderByExternalReference: { id: ids.get(text) }, customer, node: { id: node } };
    expect(await staff.get(query, { customerId, text, node })).toEqual(own);
    const subject = createClient(server.url, await signToken({ sub: customerId }));
    expect(await subject.get(query, { customerId, text, node })).toEqual(own);
    expect(await subject.get('{ orders { totalCount } }')).toEqual({ orders: { totalCount: 1 } });
  }
});

const ISSUERS = ['', 'a', 'ab'];
const KEY_PARTS = ['a', 'ab', 'b', 'abc', 'c', "a','b", 'a\u0001b'];

test('each key creates an order of its own for each issuer and subject', async () => {
  const created = new Set<string>();
  for (const iss of ISSUERS) {
    for (const sub of KEY_PARTS) {
      const client = createClient(server.url, await signToken({ sub, iss }));
      for (const idempotencyKey of KEY_PARTS) {
        const { id } = await createdOrder(client, { idempotencyKey });
        expect(await createdOrder(client, { idempotencyKey })).toMatchObject({ id });
        created.add(id);
      }
    }
  }
  expect(created.size).toBe(ISSUERS.length * KEY_PARTS.length ** 2);
});

test('no text has changed the schema or failed unexpectedly', async () => {
  const count = STORABLE_TEXTS.length + ISSUERS.length * KEY_PARTS.length ** 2;
  expect(await database.sql('SELECT count(*)::int AS count FROM orders')).toEqual([{ count }]);
  expect(await staff.get('query ($id: ID!) { order(id: $id) { id } }', { id: randomUUID() })).toEqual({ order: null });
  expect(server.logged).toEqual([]);
});
