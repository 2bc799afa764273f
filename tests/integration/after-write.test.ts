import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { databaseForTest, serverForTest, useDatabase, useServer } from '../support/fixture.js';
import type { GraphQLError } from '../support/client.js';
import { CREATE_ORDER, type CreateOrderResponse, TEA } from '../support/order-documents.js';
import { createdOrder } from '../support/order-requests.js';

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

/** What an error beside a stored write must not say. */
function expectStored(error: GraphQLError | undefined): void {
  expect(error?.message).toMatch(/^The write was stored; reading this field failed\. The read /);
  expect(error?.message).not.toMatch(/nothing|not stored/);
  expect(error?.extensions).toMatchObject({ stored: true });
}

/** Blocks all reads of a table until `release`. */
async function blocked(statement: string, ...values: unknown[]): Promise<() => Promise<void>> {
  const blocker = await database.connect();
  await blocker.query('BEGIN');
  await blocker.query(statement, values);
  return async () => {
    await blocker.query('ROLLBACK');
  };
}

/** Deadlines are tested by time itself. */
const until = (moment: number) => new Promise((resolve) => setTimeout(resolve, moment - performance.now()));

describe('a stored write is reported as stored', () => {
  test('when a read of its payload meets its deadline', async () => {
    const { id, number } = await createdOrder(server);
    const release = await blocked('LOCK TABLE order_items IN ACCESS EXCLUSIVE MODE');
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

  test('when the reads of its payload are rejected for overload', async () => {
    const query = `mutation ($input: CreateOrdersInput!) { createOrders(input: $input) {
      results { order { id number status version items { name } } userErrors { code } } } }`;
    const input = { orders: Array.from({ length: 5 }, () => ({ items: [TEA] })) };
    const { status, headers, data, errors } = await server.request<{
      createOrders: { results: { order: Stored; userErrors: object[] }[] };
    }>(query, { input });
    expect([status, headers.get('retry-after')]).toEqual([200, null]);
    const orders = data.createOrders.results.map((result) => result.order);
    expect(orders.filter(({ items }) => items !== null)).toHaveLength(2);
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['OVERLOADED', 'OVERLOADED', 'OVERLOADED']);
    for (const error of errors ?? []) expectStored(error);
    const rows = await database.sql('SELECT 1 FROM orders WHERE id = any($1::uuid[])', [orders.map(({ id }) => id)]);
    expect(rows).toHaveLength(5);
  });

  test('when a read of its payload fails unexpectedly, and the failure is no HTTP 500', async () => {
    const { id } = await createdOrder(server);
    await database.sql('ALTER TABLE order_items RENAME TO elsewhere');
    const { status, data, errors } = await server.request<Transitioned>(TRANSITION, {
      input: { id, status: 'CONFIRMED' },
    });
    await database.sql('ALTER TABLE elsewhere RENAME TO order_items');
    expect(status).toBe(200);
    expect(data.updateOrderStatus.order).toMatchObject({ id, version: 2, items: null });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'INTERNAL_SERVER_ERROR', stored: true });
  });

  test('when its history cannot be read', async () => {
    const query = `mutation ($input: UpdateOrderStatusInput!) { updateOrderStatus(input: $input) {
      order { id version history(after: "nonsense") { nodes { version } } } } }`;
    const { id } = await createdOrder(server);
    const { status, data, errors } = await server.request<Transitioned>(query, { input: { id, status: 'CONFIRMED' } });
    expect([status, data.updateOrderStatus.order]).toEqual([200, { id, version: 2, history: null }]);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'INVALID_CURSOR', stored: true });
  });

  test('when a later mutation of the request fails', async () => {
    const held = await createdOrder(server);
    const release = await blocked('SELECT 1 FROM orders WHERE id = $1 FOR UPDATE', held.id);
    const query = `mutation ($create: CreateOrderInput!, $transition: UpdateOrderStatusInput!) {
      first: createOrder(input: $create) { order { id version } userErrors { code } }
      second: updateOrderStatus(input: $transition) { changed } }`;
    const variables = { create: { items: [TEA] }, transition: { id: held.id, status: 'CONFIRMED' } };
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
    expect(errors?.[0]?.extensions).not.toHaveProperty('stored'); // of the second nothing is
  });
});

test('the reads of a payload have a deadline of their own, which begins after the write', async () => {
  const { id } = await createdOrder(server);
  const releaseOrder = await blocked('SELECT 1 FROM orders WHERE id = $1 FOR UPDATE', id);
  const releaseItems = await blocked('LOCK TABLE order_items IN ACCESS EXCLUSIVE MODE');
  const begun = performance.now();
  const answer = server.request<Transitioned>(TRANSITION, { input: { id, status: 'CONFIRMED' } });
  await until(begun + DEADLINE_MS / 2);
  await releaseOrder();
  const stored = () => database.sql('SELECT 1 FROM orders WHERE id = $1 AND version = 2', [id]);
  await expect.poll(stored).toHaveLength(1);
  await until(begun + DEADLINE_MS + 100);
  await releaseItems();
  const { data, errors } = await answer;
  expect(errors).toBeUndefined();
  expect(data.updateOrderStatus.order).toMatchObject({ version: 2, items: [{ name: 'Tea' }] });
});

test('a read of which nothing succeeded is 503 with Retry-After, a write of unknown outcome 503 without', async () => {
  const release = await blocked('LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
  const asked = [
    server.request('{ orders { nodes { id } } }'),
    server.request(CREATE_ORDER, { input: { items: [TEA] } }),
  ] as const;
  const [read, write] = await Promise.all(asked);
  await release();
  expect([read.status, read.headers.get('retry-after'), read.data]).toEqual([503, '1', null]);
  expect(read.errors?.[0]?.message).toMatch(/^The read /);
  expect([write.status, write.headers.get('retry-after'), write.data]).toEqual([503, null, { createOrder: null }]);
  expect(write.errors?.[0]?.message).toMatch(/^The write .* unknown/);
  expect(write.errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN' });
});

test('an unexpected failure of which nothing succeeded is HTTP 500', async () => {
  await database.sql('ALTER TABLE order_stats RENAME TO elsewhere');
  const failed = await server.request('{ orderStats { count } }');
  const beside = await server.request('{ __typename orderStats { count } }');
  const { id } = await createdOrder(server);
  await database.sql('ALTER TABLE elsewhere RENAME TO order_stats');
  expect(failed).toMatchObject({
    status: 500,
    data: null,
    errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
  });
  expect(beside.status).toBe(500);
  await database.sql('ALTER TABLE order_items RENAME TO elsewhere');
  const partly = await server.request(`{ order(id: "${id}") { id items { name } } }`);
  await database.sql('ALTER TABLE elsewhere RENAME TO order_items');
  expect(partly).toMatchObject({ status: 200, data: { order: { id, items: null } } });
});

test('persisted queries that are malformed or belong to another query are the client’s errors', async () => {
  const query = '{ __typename }';
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  const ask = async (body: object) => {
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
      const answer = await ask(body);
      expect([persistedQuery, answer.errors?.[0]?.extensions.code]).toEqual([persistedQuery, code]);
      if (isUnknown) continue;
      expect(answer.status).toBe(400);
      expect(answer.errors?.[0]?.message).toContain('extensions.persistedQuery');
    }
  }
  const extensions = { persistedQuery: { version: 1, sha256Hash } };
  expect(await ask({ query, extensions })).toMatchObject({ status: 200, data: { __typename: 'Query' } });
  expect(await ask({ extensions })).toMatchObject({ status: 200, data: { __typename: 'Query' } });
  expect(await ask({ query, extensions: { persistedQuery: null } })).toMatchObject({ status: 200 });
  expect(server.logged.slice(before)).toEqual([]);
});

test('an exact count that the database cuts off says what to do instead', async () => {
  const slow = await databaseForTest();
  const name = new URL(slow.url).pathname.slice(1);
  await slow.sql(`ALTER DATABASE ${name} SET enable_seqscan = off`);
  await slow.sql(`ALTER DATABASE ${name} SET enable_sort = off`);
  const counting = await serverForTest(slow, { DATABASE_STATEMENT_TIMEOUT_MS: '1000' });
  const input = { orders: Array.from({ length: 30 }, () => ({ items: [TEA] })) };
  await counting.get('mutation ($input: CreateOrdersInput!) { createOrders(input: $input) { results { index } } }', {
    input,
  });
  await slow.sql('ALTER TABLE orders RENAME TO all_orders');
  // Each row takes so long that the statement of the count is cut off, and the page's is not.
  await slow.sql('CREATE VIEW orders AS SELECT * FROM all_orders WHERE pg_sleep(0.05) IS NOT NULL');
  const { status, errors } = await counting.request('{ orders(first: 1) { nodes { id } totalCount } }');
  expect([status, errors?.[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
  expect(errors?.[0]?.path).toEqual(['orders', 'totalCount']);
  expect(errors?.[0]?.message).toMatch(/takes too long.*Narrow `where`.*`count`/);
  expect(errors?.[0]?.message).not.toMatch(/again/);
});
