import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createClient, type TestClient } from '../support/client.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { databaseText } from '../support/database-text.js';
import {
  assignCustomer,
  codes,
  createdWholeOrder,
  createWholeOrder,
  deleteOrder,
  eraseCustomer,
  readOrder,
  transitionWholeOrder,
  updateOrder,
} from '../support/order-requests.js';
import { allSequenced } from '../support/sequenced.js';
import type { WholeOrder } from '../support/order-documents.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

/* After an erasure no table has personal data of the customer, and all figures are as before. */

const database = useDatabase();
const server = useServer(database);
const withTokens = useServer(database, { ...AUTH_ENV, ALLOW_CUSTOMER_PRICES: 'true', RATE_LIMIT: 'off' });

async function asCustomer(sub: string): Promise<TestClient> {
  return createClient(withTokens.url, await signToken({ sub, roles: ['customer'] }));
}

const ADDRESS_FIELDS = ['name', 'line1', 'line2', 'city', 'region', 'postalCode', 'country'];

/** An order with the mark in every personal field. */
function personal(mark: string): object {
  const address = Object.fromEntries(ADDRESS_FIELDS.map((name) => [name, `${mark} ${name}`]));
  return {
    customerName: `${mark} name`,
    customerEmail: `${mark.replaceAll(' ', '.')}@example.com`,
    notes: `${mark} notes`,
    externalReference: `${mark} reference`,
    shippingAddress: address,
    billingAddress: address,
    metadata: { [mark]: mark },
  };
}

const tracking = (mark: string) => ({ carrier: mark, number: mark, url: `https://example.com/${mark}` });

async function cancelAs(customerId: string, id: string, note: string): Promise<void> {
  const query = `mutation ($input: CancelOrderInput!) { cancelOrder(input: $input) { changed } }`;
  const input = { id, note, idempotencyKey: note };
  const client = await asCustomer(customerId);
  expect(await client.get(query, { input })).toEqual({ cancelOrder: { changed: true } });
}

/** Orders in the states that differ in what they store of their customer. */
async function ordersOf(mark: string) {
  const customerId = mark;
  const updated = await createdWholeOrder(server, { customerId, ...personal(`${mark} 1`) });
  await updateOrder(server, { id: updated.id, expectedVersion: 1, notes: `${mark} new`, reason: `${mark} reason` });
  await transitionWholeOrder(server, { id: updated.id, status: 'SHIPPED', tracking: tracking(mark) });
  const assigned = await createdWholeOrder(server, personal(`${mark} 2`));
  await transitionWholeOrder(server, { id: assigned.id, status: 'CONFIRMED', reason: `${mark} as a guest` });
  await assignCustomer(server, { id: assigned.id, customerId, reason: `${mark} reason` });
  const cancelled = await createdWholeOrder(server, { customerId, ...personal(`${mark} 3`), idempotencyKey: mark });
  await cancelAs(customerId, cancelled.id, `${mark} note`);
  const deleted = await createdWholeOrder(server, { customerId, ...personal(`${mark} 4`) });
  await deleteOrder(server, { id: deleted.id, reason: `${mark} reason` });
  const claimed = await createdWholeOrder(server, personal(`${mark} 5`));
  await assignCustomer(server, { id: claimed.id, customerId });
  await deleteOrder(server, { id: claimed.id, reason: `${mark} reason` });
  return { live: [updated.id, assigned.id, cancelled.id], deleted: [deleted.id, claimed.id] };
}

const FIGURES = `SELECT o.id, o.number, o.status, o.currency, o.subtotal, o.shipping, o.tax, o.discount, o.total, o.created_at,
  o.completed_at, o.cancelled_at, o.cancel_reason, o.deleted_at, o.fingerprint,
  (SELECT jsonb_agg(i ORDER BY i.position) FROM order_items i WHERE i.order_id = o.id) AS items,
  (SELECT jsonb_agg(jsonb_build_array(e.version, e.type, e.from_status, e.to_status, e.actor_kind, e.payload, e.occurred_at)
    ORDER BY e.version) FROM order_events e WHERE e.order_id = o.id AND e.version <= ($2::int[])[array_position($1::uuid[], o.id)]) AS events
FROM orders o WHERE o.id = any($1::uuid[]) ORDER BY o.id`;

const STATISTICS = `{ orderStats {
  count byStatus { status count } money { currency count gross { amount } average { amount } }
  processingTime { averageSeconds } series(interval: HOUR) { from count }
} }`;

async function versionsOf(ids: readonly string[]): Promise<number[]> {
  const rows = await database.sql<{ id: string; version: number }>(
    'SELECT id, version FROM orders WHERE id = any($1)',
    [ids],
  );
  return ids.map((id) => rows.find((row) => row.id === id)?.version ?? 0);
}

test('no table has personal data of the customer, and the figures and statistics stay', async () => {
  const [mark, other] = [`canary${randomUUID().slice(0, 8)}`, `bystander${randomUUID().slice(0, 4)}`];
  const { live, deleted } = await ordersOf(mark);
  const untouched = await ordersOf(other);
  const ids = [...live, ...deleted];
  const versions = await versionsOf(ids);
  await allSequenced(database);
  const [figures, statistics] = [await database.sql(FIGURES, [ids, versions]), await server.get(STATISTICS)];
  const others = await Promise.all(untouched.live.map((id) => readOrder(server, id)));
  expect(await databaseText(database)).toContain(mark);

  expect(await eraseCustomer(server, mark)).toEqual({ erasedOrders: 5, isComplete: true, userErrors: [] });

  expect(await databaseText(database)).not.toContain(mark);
  expect(await database.sql(FIGURES, [ids, versions])).toEqual(figures);
  await allSequenced(database);
  expect(await server.get(STATISTICS)).toEqual(statistics);
  expect(await Promise.all(untouched.live.map((id) => readOrder(server, id)))).toEqual(others);
  expect(await databaseText(database)).toContain(`${other} as a guest`);
  expect(await eraseCustomer(server, mark)).toEqual({ erasedOrders: 0, isComplete: true, userErrors: [] });
});

test('each order gets an event with the names of the erased fields; a deleted order gets none', async () => {
  const mark = `canary${randomUUID().slice(0, 8)}`;
  const { live, deleted } = await ordersOf(mark);
  const [before, tombstones] = [await versionsOf(live), await versionsOf(deleted)];
  await eraseCustomer(server, mark);
  expect(await versionsOf(live)).toEqual(before.map((version) => version + 1));
  expect(await versionsOf(deleted)).toEqual(tombstones);
  const event = `SELECT type, changed_fields AS fields, actor_kind, customer_id, reason FROM order_events
    WHERE order_id = $1 ORDER BY version DESC LIMIT 1`;
  const erased = { type: 'UPDATED', actor_kind: 'admin', customer_id: null, reason: null };
  const details = ['billingAddress', 'customerEmail', 'customerId', 'customerName', 'externalReference', 'metadata'];
  const [withTracking = '', withoutTracking = ''] = live;
  const [first] = await database.sql<{ fields: string[] }>(event, [withTracking]);
  expect(first).toMatchObject(erased);
  expect(first?.fields.toSorted()).toEqual([...details, 'notes', 'shippingAddress', 'tracking']);
  const [second] = await database.sql<{ fields: string[] }>(event, [withoutTracking]);
  expect(second?.fields.toSorted()).toEqual([...details, 'notes', 'shippingAddress']);
});

test('an erased order has no customer: it is in no list, statistic or lookup of the customer', async () => {
  const customerId = randomUUID();
  const { id } = await createdWholeOrder(server, { customerId, externalReference: 'r' });
  await eraseCustomer(server, customerId);
  const query = `query ($id: ID!, $customerId: String!) {
    order(id: $id) { id }
    orders { nodes { id } totalCount }
    customer(customerId: $customerId) { id }
    orderByExternalReference(customerId: $customerId, externalReference: "r") { id }
  }`;
  const nothing = { order: null, orders: { nodes: [], totalCount: 0 }, customer: null, orderByExternalReference: null };
  const client = await asCustomer(customerId);
  expect(await client.get(query, { id, customerId })).toEqual(nothing);
  expect(await server.get(`{ orderStats(customerId: "${customerId}") { count } }`)).toEqual({
    orderStats: { count: 0 },
  });
  expect(await readOrder(server, id)).toMatchObject({ customerId: null, externalReference: null, version: 2 });
  const guest = await createWholeOrder(server, { externalReference: `${customerId} r` });
  expect(guest.userErrors).toEqual([]);
});

test('the former customer creates nothing by repeating a creation, and gets a bare mismatch', async () => {
  const customerId = randomUUID();
  const [id, idempotencyKey] = [randomUUID(), randomUUID()];
  const client = await asCustomer(customerId);
  const create = async (identity: object) => {
    const items = [{ name: 'Tea', unitPrice: '1' }];
    const query = `mutation ($input: CreateOrderInput!) {
      createOrder(input: $input) { order { id } userErrors { __typename code message } }
    }`;
    return client.get(query, { input: { customerId, items, ...identity } });
  };
  for (const identity of [{ id }, { idempotencyKey }]) await create(identity);
  const count = async () => database.sql('SELECT count(*) FROM orders');
  const before = await count();
  expect(await eraseCustomer(server, customerId)).toMatchObject({ erasedOrders: 2, isComplete: true });
  for (const [name, value] of Object.entries({ id, idempotencyKey })) {
    const message = `${name} was already used with different input.`;
    const error = { __typename: 'IdempotencyError', code: 'IDEMPOTENCY_MISMATCH', message };
    expect(await create({ [name]: value })).toEqual({ createOrder: { order: null, userErrors: [error] } });
  }
  expect(await count()).toEqual(before);
});

test('staff that repeats the creation of an erased order gets the erased order', async () => {
  const customerId = randomUUID();
  const input = { id: randomUUID(), customerId, customerName: 'Ada' };
  const { number } = await createdWholeOrder(server, input);
  await eraseCustomer(server, customerId);
  const { order, replayed } = await createWholeOrder(server, input);
  expect({ order, replayed }).toMatchObject({
    order: { number, customerId: null, customerName: null },
    replayed: true,
  });
});

test('a change by a colleague under a key is still replayed after the erasure, one of the customer is not', async () => {
  const customerId = randomUUID();
  const { id } = await createdWholeOrder(server, { customerId });
  const change = { id, status: 'CONFIRMED', idempotencyKey: 'k' };
  await transitionWholeOrder(server, change);
  await cancelAs(customerId, id, 'n');
  await eraseCustomer(server, customerId);
  const commands = `SELECT actor, actor_kind, command_key IS NOT NULL AS keyed, command_fingerprint IS NOT NULL AS known
    FROM order_events WHERE order_id = $1 AND version IN (2, 3) ORDER BY version`;
  expect(await database.sql(commands, [id])).toEqual([
    { actor: null, actor_kind: 'admin', keyed: true, known: true },
    { actor: null, actor_kind: 'customer', keyed: false, known: false },
  ]);
  const { changed, order } = await transitionWholeOrder(server, change);
  expect({ changed, version: order?.version }).toEqual({ changed: true, version: 4 });
  const query = 'mutation ($input: CancelOrderInput!) { cancelOrder(input: $input) { userErrors { code } } }';
  const input = { id, note: 'n', idempotencyKey: 'n' };
  const client = await asCustomer(customerId);
  expect(await client.get(query, { input })).toEqual({
    cancelOrder: { userErrors: [{ code: 'NOT_FOUND' }] },
  });
});

test('an erased order is changed like other orders', async () => {
  const customerId = randomUUID();
  const { id } = await createdWholeOrder(server, { customerId });
  await eraseCustomer(server, customerId);
  const shipped = await transitionWholeOrder(server, { id, status: 'SHIPPED', tracking: tracking('new') });
  const history = (shipped.order as WholeOrder).history.nodes.map(({ type }) => type);
  expect(history).toEqual(['CREATED', 'UPDATED', 'STATUS_CHANGED']);
  expect(await readOrder(server, id)).toMatchObject({ tracking: tracking('new'), version: 3 });
});

test('the customer id has the rules of a creation', async () => {
  for (const [customerId, code] of [
    ['', 'INVALID'],
    [' c', 'INVALID'],
    ['c'.repeat(129), 'LIMIT_EXCEEDED'],
  ] as const) {
    const { userErrors, ...rest } = await eraseCustomer(server, customerId);
    expect({ ...rest, codes: codes(userErrors) }).toEqual({
      erasedOrders: 0,
      isComplete: false,
      codes: [`${code} input.customerId`],
    });
  }
});
