import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { databaseForTest, serverForTest, useDatabase, useServer } from '../support/fixture.js';
import type { GraphQLError } from '../support/client.js';
import { holdLocks, lockTable } from '../support/locks.js';
import { CREATE_ORDER, type CreateOrderResponse, TEA } from '../support/order-documents.js';
import { createdOrder } from '../support/order-requests.js';
import { lockOrders } from '../support/rows.js';

const DEADLINE_MS = 1_500;

const database = useDatabase();
const server = useServer(database, {
  REQUEST_DEADLINE_MS: String(DEADLINE_MS),
  DATABASE_STATEMENT_TIMEOUT_MS: '10000',
  DATABASE_LOCK_TIMEOUT_MS: '10000',
  READ_QUEUE_MAX_KEYS: '2',
});

interface Stored {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly version: number;
  readonly items: readonly object[] | null;
  readonly history: object | null;
}

const ORDER = 'order { id number status version items { name } }';
const TRANSITION = `mutation ($input: UpdateOrderStatusInput!) {
  updateOrderStatus(input: $input) { changed ${ORDER} userErrors { code } } }`;

interface Transitioned {
  readonly updateOrderStatus: { readonly changed: boolean; readonly order: Stored; readonly userErrors: object[] };
}

/** Expects an error that reports the write as stored and the read as failed. */
function expectStored(error: GraphQLError | undefined): void {
  expect(error?.message).toMatch(/^The write was stored; reading this field failed\. The read /);
  expect(error?.message).not.toMatch(/nothing|not stored/);
  expect(error?.extensions).toMatchObject({ stored: true });
}

/** Waits for a point in time, because this test measures deadlines. */
const until = (moment: number) => new Promise((resolve) => setTimeout(resolve, moment - performance.now()));

describe('a stored write is reported as stored', () => {
  test('if a read of its payload reaches the deadline', async () => {
    const { id, number } = await createdOrder(server);
    const release = await lockTable(database, 'order_items');
    const { status, headers, data, errors } = await server.request<Transitioned>(TRANSITION, {
      input: { id, status: 'CONFIRMED' },
    });
    await release();
    expect(status).toBe(200);
    expect(headers.get('retry-after')).toBeNull();
    expect(data.updateOrderStatus).toEqual({
      changed: true,
      order: { id, number, status: 'CONFIRMED', version: 2, items: null },
      userErrors: [],
    });
    expect(errors).toMatchObject([
      { path: ['updateOrderStatus', 'order', 'items'], extensions: { code: 'SERVICE_UNAVAILABLE' } },
    ]);
    expectStored(errors?.[0]);
  });

  test('if the reads of its payload are rejected as overload', async () => {
    const created = await Promise.all(Array.from({ length: 5 }, () => createdOrder(server)));
    const query = `mutation ($input: UpdateOrderStatusesInput!) { updateOrderStatuses(input: $input) {
      results { order { id number status version items { name } } userErrors { code } } } }`;
    const input = { changes: created.map(({ id }) => ({ id, status: 'CONFIRMED' })) };
    const { status, headers, data, errors } = await server.request<{
      updateOrderStatuses: { results: { order: Stored; userErrors: object[] }[] };
    }>(query, { input });
    expect([status, headers.get('retry-after')]).toEqual([200, null]);
    const orders = data.updateOrderStatuses.results.map((result) => result.order);
    expect(orders.filter(({ items }) => items !== null)).toHaveLength(2);
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['OVERLOADED', 'OVERLOADED', 'OVERLOADED']);
    for (const error of errors ?? []) expectStored(error);
    const confirmed = "SELECT 1 FROM orders WHERE id = any($1::uuid[]) AND status = 'CONFIRMED'";
    expect(await database.sql(confirmed, [orders.map(({ id }) => id)])).toHaveLength(5);
  });

  test('with HTTP status 200 if a read of its payload fails unexpectedly', async () => {
    const { id } = await createdOrder(server);
    await database.sql('ALTER TABLE order_items RENAME TO renamed_items');
    const { status, data, errors } = await server.request<Transitioned>(TRANSITION, {
      input: { id, status: 'CONFIRMED' },
    });
    await database.sql('ALTER TABLE renamed_items RENAME TO order_items');
    expect(status).toBe(200);
    expect(data.updateOrderStatus.order).toMatchObject({ id, version: 2, items: null });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'INTERNAL_SERVER_ERROR', stored: true });
  });

  test('if its history cannot be read', async () => {
    const query = `mutation ($input: UpdateOrderStatusInput!) { updateOrderStatus(input: $input) {
      order { id version history(after: "nonsense") { nodes { version } } } } }`;
    const { id } = await createdOrder(server);
    const { status, data, errors } = await server.request<Transitioned>(query, { input: { id, status: 'CONFIRMED' } });
    expect([status, data.updateOrderStatus.order]).toEqual([200, { id, version: 2, history: null }]);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'INVALID_CURSOR', stored: true });
  });

  test('if a later mutation of the request fails', async () => {
    const locked = await createdOrder(server);
    const release = await holdLocks(database, (client) => lockOrders(client, [locked.id]));
    const query = `mutation ($create: CreateOrderInput!, $transition: UpdateOrderStatusInput!) {
      first: createOrder(input: $create) { order { id version } userErrors { code } }
      second: updateOrderStatus(input: $transition) { changed } }`;
    const variables = { create: { items: [TEA] }, transition: { id: locked.id, status: 'CONFIRMED' } };
    const { status, headers, data, errors } = await server.request<{
      first: CreateOrderResponse['createOrder'];
      second: null;
    }>(query, variables);
    await release();
    expect([status, headers.get('retry-after')]).toEqual([200, null]);
    expect(await database.sql('SELECT version FROM orders WHERE id = $1', [data.first.order?.id])).toHaveLength(1);
    expect(data.second).toBeNull();
    expect(errors).toHaveLength(1);
    expect(errors?.[0]).toMatchObject({ path: ['second'], extensions: { code: 'SERVICE_UNAVAILABLE' } });
    expect(errors?.[0]?.extensions).not.toHaveProperty('stored'); // the second mutation stored nothing
  });
});

test('the reads of a payload have a separate deadline, which starts after the write', async () => {
  const { id } = await createdOrder(server);
  const releaseOrder = await holdLocks(database, (client) => lockOrders(client, [id]));
  const releaseItems = await lockTable(database, 'order_items');
  const startedAt = performance.now();
  const pending = server.request<Transitioned>(TRANSITION, { input: { id, status: 'CONFIRMED' } });
  await until(startedAt + DEADLINE_MS / 2);
  await releaseOrder();
  const stored = () => database.sql('SELECT 1 FROM orders WHERE id = $1 AND version = 2', [id]);
  await expect.poll(stored).toHaveLength(1);
  await until(startedAt + DEADLINE_MS + 100);
  await releaseItems();
  const { data, errors } = await pending;
  expect(errors).toBeUndefined();
  expect(data.updateOrderStatus.order).toMatchObject({ version: 2, items: [{ name: 'Tea' }] });
});

test('a failed read returns 503 with Retry-After; a write with an unknown outcome returns 503 without it', async () => {
  const release = await lockTable(database, 'orders');
  const pending = [
    server.request('{ orders { nodes { id } } }'),
    server.request(CREATE_ORDER, { input: { items: [TEA] } }),
  ] as const;
  const [read, write] = await Promise.all(pending);
  await release();
  expect([read.status, read.headers.get('retry-after'), read.data]).toEqual([503, '1', null]);
  expect(read.errors?.[0]?.message).toMatch(/^The read /);
  expect([write.status, write.headers.get('retry-after'), write.data]).toEqual([503, null, { createOrder: null }]);
  expect(write.errors?.[0]?.message).toMatch(/^The write .* unknown/);
  expect(write.errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN' });
});

test('an unexpected failure without any success returns HTTP 500', async () => {
  await database.sql('ALTER TABLE order_stats RENAME TO renamed_items');
  const failed = await server.request('{ orderStats { count } }');
  const partial = await server.request('{ __typename orderStats { count } }');
  const { id } = await createdOrder(server);
  await database.sql('ALTER TABLE renamed_items RENAME TO order_stats');
  expect(failed).toMatchObject({
    status: 500,
    data: null,
    errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
  });
  expect(partial.status).toBe(500);
  await database.sql('ALTER TABLE order_items RENAME TO renamed_items');
  const partly = await server.request(`{ order(id: "${id}") { id items { name } } }`);
  await database.sql('ALTER TABLE renamed_items RENAME TO order_items');
  expect(partly).toMatchObject({ status: 200, data: { order: { id, items: null } } });
});

test('malformed persisted queries and hashes of other queries are client errors', async () => {
  const query = '{ __typename }';
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  const post = async (body: object) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(server.url, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, ...((await response.json()) as { data?: object; errors?: GraphQLError[] }) };
  };
  const malformed = [
    'x',
    7,
    true,
    [],
    {},
    { version: 2, sha256Hash },
    { version: '1', sha256Hash },
    { version: 1 },
    { version: 1, sha256Hash: 5 },
    { version: 1, sha256Hash: {} },
    { version: 1, sha256Hash: ['a'] },
    { version: 1, sha256Hash: '../x' },
    { version: 1, sha256Hash: '0'.repeat(64) },
  ];
  const before = server.logged.length;
  for (const persistedQuery of malformed) {
    for (const body of [{ query, extensions: { persistedQuery } }, { extensions: { persistedQuery } }]) {
      const isUnknown = JSON.stringify(persistedQuery).includes('0000') && !('query' in body);
      const code = isUnknown ? 'PERSISTED_QUERY_NOT_FOUND' : 'BAD_REQUEST';
      const response = await post(body);
      expect([persistedQuery, response.errors?.[0]?.extensions.code]).toEqual([persistedQuery, code]);
      if (isUnknown) continue;
      expect(response.status).toBe(400);
      expect(response.errors?.[0]?.message).toContain('extensions.persistedQuery');
    }
  }
  const extensions = { persistedQuery: { version: 1, sha256Hash } };
  expect(await post({ query, extensions })).toMatchObject({ status: 200, data: { __typename: 'Query' } });
  expect(await post({ extensions })).toMatchObject({ status: 200, data: { __typename: 'Query' } });
  expect(await post({ query, extensions: { persistedQuery: null } })).toMatchObject({ status: 200 });
  expect(server.logged.slice(before)).toEqual([]);
});

test('the error of a cancelled exact count suggests the bounded count', async () => {
  const slow = await databaseForTest();
  const name = new URL(slow.url).pathname.slice(1);
  await slow.sql(`ALTER DATABASE ${name} SET enable_seqscan = off`);
  await slow.sql(`ALTER DATABASE ${name} SET enable_sort = off`);
  const counting = await serverForTest(slow, { DATABASE_STATEMENT_TIMEOUT_MS: '3000' });
  const input = { orders: Array.from({ length: 30 }, () => ({ items: [TEA] })) };
  await counting.get('mutation ($input: CreateOrdersInput!) { createOrders(input: $input) { results { index } } }', {
    input,
  });
  await slow.sql('ALTER TABLE orders RENAME TO all_orders');
  // The delay per row exceeds the statement timeout for the count, but not for the page.
  await slow.sql('CREATE VIEW orders AS SELECT * FROM all_orders WHERE pg_sleep(0.15) IS NOT NULL');
  const { status, errors } = await counting.request('{ orders(first: 1) { nodes { id } totalCount } }');
  expect([status, errors?.[0]?.extensions.code]).toEqual([400, 'COUNT_TIMEOUT']);
  expect(errors?.[0]?.path).toEqual(['orders', 'totalCount']);
  expect(errors?.[0]?.message).toMatch(/did not finish within its time limit.*`count\(limit:\)`.*narrow `where`/);
  expect(errors?.[0]?.message).not.toMatch(/again/);
});
