import { beforeAll, expect, test, vi } from 'vitest';
import { useDatabase, useProxy, useServer } from '../support/fixture.js';
import { TEA } from '../support/order-documents.js';
import { createdOrder, transitionOrder } from '../support/order-requests.js';

const READ_LANES = 4;

const database = useDatabase();
const proxy = useProxy(database);
// Statements on the event log are not counted: it polls once a minute, and its first read ends before the tests.
const server = useServer(proxy, {
  EVENTS_POLL_MS: '60000',
  EVENTS_DEBOUNCE_MS: '0',
  READ_LANES: String(READ_LANES),
});
let ids: string[];

beforeAll(async () => {
  const orders = await Promise.all(
    Array.from({ length: 50 }, async (_, index) =>
      createdOrder(server, { customerId: `customer ${index % 10}`, items: [TEA, TEA] }),
    ),
  );
  ids = orders.map((order) => order.id);
  const transitions = await server.subscribe('subscription { orderStatusChanged(to: [CONFIRMED]) { version } }');
  await Promise.all(ids.map(async (id) => transitionOrder(server, { id, status: 'CONFIRMED' })));
  // The event log has been read to its end and runs no more statements.
  await transitions.until(({ length }) => length === ids.length);
  transitions.stop();
  const running = `SELECT query FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'ordergraph%' AND state <> 'idle'`;
  await vi.waitFor(async () => expect(await database.sql(running)).toEqual([]));
});

/** Runs `work` and returns its statements. */
async function statementsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = proxy.statements.length;
  await work();
  return proxy.statements.slice(before);
}

interface OrdersResponse {
  readonly orders: { readonly nodes: readonly { readonly items: readonly unknown[] }[] };
}

test('fifty orders with their items take two statements', async () => {
  let response: OrdersResponse | undefined;
  const statements = await statementsOf(async () => {
    response = await server.get<OrdersResponse>(
      '{ orders(first: 50) { nodes { id items { name } } pageInfo { hasNextPage hasPreviousPage } } }',
    );
  });
  expect(response?.orders.nodes.map((order) => order.items.length)).toEqual(Array.from({ length: 50 }, () => 2));
  expect(statements).toHaveLength(2);
});

test('the items of a created order are returned as they are stored, without reading them', async () => {
  const items = [
    { name: '  Tea ', quantity: 2, unitPrice: '1.5', sku: 's' },
    { name: 'Cup', quantity: 1, unitPrice: 3 },
  ];
  const fields = 'id items { id position productId sku name quantity unitPrice { amount } subtotal { amount } }';
  const mutation = `mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { ${fields} } } }`;
  let response: { createOrder: { order: { id: string } } } | undefined;
  const statements = await statementsOf(async () => {
    ({ data: response } = await server.request<typeof response & object>(mutation, { input: { items } }));
  });
  expect(statements.filter((sql) => sql.includes('FROM order_items'))).toEqual([]);
  const order = response?.createOrder.order;
  expect(await server.get(`{ order(id: "${order?.id}") { ${fields} } }`)).toEqual({ order });
});

test('a list reads notes, metadata, addresses and tracking only where one of them is selected', async () => {
  const large = /o\.notes|o\.metadata|o\.shipping_address|o\.billing_address|o\.tracking/;
  const statementOf = async (fields: string) => {
    const statements = await statementsOf(() => server.get(`{ orders(first: 2) { ${fields} } }`));
    const lists = statements.filter((sql) => sql.includes('FROM orders o')); // the poll loops run statements meanwhile
    expect(lists).toHaveLength(1);
    return lists.join('');
  };
  expect(await statementOf('nodes { __typename id status total { amount } createdAt }')).not.toMatch(large);
  expect(await statementOf('edges { cursor node { ... on Node { id } customerName } }')).not.toMatch(large);
  expect(await statementOf('pageInfo { endCursor }')).not.toMatch(large);
  for (const field of [
    'notes',
    'metadata',
    'shippingAddress { city }',
    'billingAddress { city }',
    'tracking { carrier }',
  ]) {
    expect(await statementOf(`nodes { ${field} }`)).toMatch(large);
    expect(await statementOf(`edges { node { other: id ... on Order { renamed: ${field} } } }`)).toMatch(large);
  }
});

test.each([
  '',
  ', orderBy: {field: UPDATED_AT, direction: ASC}',
  ', where: {status: {in: [CONFIRMED, SHIPPED]}}',
  ', where: {customerId: "customer 3"}',
  ', where: {createdAt: {gte: "2020-01-01T00:00:00Z", lt: "2100-01-01T00:00:00Z"}}',
])('pages behind different cursors are one statement, and each is as if it was read alone%s', async (list) => {
  const fields = '{ edges { cursor node { id version } } }';
  const all = await server.get<Pages>(`{ all: orders(first: 50${list}) ${fields} }`);
  const cursors = all['all']?.edges.map(({ cursor }) => cursor).filter((_, index) => index % 2 === 0) ?? [];
  for (const [size, side] of [
    ['first', 'after'],
    ['last', 'before'],
  ]) {
    const pageOf = (cursor: string, index: number) =>
      `p${index}: orders(${size}: 3, ${side}: "${cursor}"${list}) ${fields}`;
    let together: Pages = {};
    const statements = await statementsOf(async () => {
      together = await server.get<Pages>(`{ ${cursors.slice(0, 8).map(pageOf).join(' ')} }`);
    });
    expect(statements).toHaveLength(1);
    for (const [index, cursor] of cursors.slice(0, 8).entries()) {
      const alone = await server.get<Pages>(`{ ${pageOf(cursor, index)} }`);
      expect(alone[`p${index}`]).toEqual(together[`p${index}`]);
    }
    expect(Object.values(together).some(({ edges }) => edges.length > 0)).toBe(true);
  }
});

type Pages = Readonly<Record<string, { readonly edges: readonly { readonly cursor: string }[] }>>;

test('fifty concurrent requests for one order each share batches', async () => {
  const statements = await statementsOf(() =>
    Promise.all(
      ids.map(async (id) =>
        expect(await server.get('query ($id: ID!) { order(id: $id) { id } }', { id })).toEqual({ order: { id } }),
      ),
    ),
  );
  expect(statements.length).toBeGreaterThan(0);
  expect(statements.length).toBeLessThan(ids.length / 2); // depends on the machine, but far fewer than the callers
});

test('fifty lookups in one request share one statement', async () => {
  const query = `{ ${ids.map((id, index) => `o${index}: order(id: "${id}") { id }`).join('\n')} }`;
  expect(await statementsOf(() => server.get(query))).toHaveLength(1);
});

test('customers, their orders and the histories of a page take one statement each', async () => {
  const query = `{ orders(first: 40) { nodes {
    customer { name orders(first: 3) { totalCount nodes { id } } }
    history(first: 2) { nodes { version } pageInfo { hasNextPage } }
  } } }`;
  const statements = await statementsOf(() => server.get(query));
  expect(statements).toHaveLength(5); // page, customers, histories, pages of the customers, counts of the customers
});

test('totalCount and pageInfo run no statement unless they are selected', async () => {
  const { orders } = await server.get<{ orders: { edges: { cursor: string }[] } }>(
    '{ orders(first: 10) { edges { cursor } } }',
  );
  const after = orders.edges[4]?.cursor;
  const forwards =
    'query ($after: String) { orders(first: 5, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }';
  expect(await statementsOf(() => server.get(forwards, { after }))).toHaveLength(1);
  const withCounts =
    'query ($after: String) { orders(first: 5, after: $after) { nodes { id } pageInfo { hasPreviousPage } totalCount } }';
  expect(await statementsOf(() => server.get(withCounts, { after }))).toHaveLength(3);
});

test('a list with only counts selected reads no page', async () => {
  const count = '{ orders { totalCount } }';
  expect(await statementsOf(() => server.get(count))).toEqual([expect.stringContaining('count(*)')]);
  const skipped = `query ($page: Boolean = false) {
    orders { ...F nodes @include(if: $page) { id } ... @skip(if: true) { edges { cursor } } }
  } fragment F on OrderConnection { totalCount __typename }`;
  expect(await statementsOf(() => server.get(skipped))).toHaveLength(1);
  const selected = `{ orders { totalCount ... { all: nodes { id } } } }`;
  const { orders } = await server.get<{ orders: { totalCount: number; all: object[] } }>(selected);
  expect([orders.totalCount, orders.all.length]).toEqual([51, 20]);
  expect(await statementsOf(() => server.get('{ orders { pageInfo { endCursor } } }'))).toHaveLength(1);
  expect(await server.request('{ orders(first: 101) { totalCount } }')).toMatchObject({ status: 400 });
});

test('an order selected twice in one request is read once', async () => {
  const [id] = ids;
  const query = `{ a: order(id: "${id}") { items { name } } b: order(id: "${id}") { items { name } } node(id: "${id}") { id } }`;
  expect(await statementsOf(() => server.get(query))).toHaveLength(2);
});
