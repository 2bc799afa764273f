import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { createdOrder } from '../support/order-requests.js';
import { insertOrders } from '../support/rows.js';

const COUNT = 1_000;

const database = useDatabase();
const server = useServer(database);
// All have the same time, so that only the ids order them. Every tenth is cancelled, every fourth has one customer.
const rows = Array.from({ length: COUNT }, (_, index) => ({
  id: randomUUID(),
  customerId: index % 4 === 0 ? 'regular' : null,
  status: index % 10 === 0 ? 'CANCELLED' : 'PENDING',
  createdAt: new Date('2026-01-02T03:04:05.678Z'),
}));
const ids: readonly string[] = rows.map(({ id }) => id).sort();

beforeAll(() => insertOrders(database, rows));

interface Page {
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

const PAGE = `query ($first: Int, $after: String, $last: Int, $before: String, $where: OrderWhere, $orderBy: OrderSort) {
  orders(first: $first, after: $after, last: $last, before: $before, where: $where, orderBy: $orderBy) {
    edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

async function page(variables: object): Promise<Page> {
  return (await server.get<{ orders: Page }>(PAGE, variables)).orders;
}

const UP = { orderBy: { direction: 'ASC' } };

/** Pages through a list and checks the page information of every page. */
async function readPages(
  forwards: boolean,
  size: number,
  more: object,
  betweenPages: () => Promise<unknown>,
): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | null = null;
  for (;;) {
    const bounds = forwards ? { first: size, after: cursor } : { last: size, before: cursor };
    const { edges, pageInfo } = await page({ ...more, ...bounds });
    expect(pageInfo.startCursor).toBe(edges[0]?.cursor ?? null);
    expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null);
    expect(forwards ? pageInfo.hasPreviousPage : pageInfo.hasNextPage).toBe(cursor !== null);
    const nodes = edges.map((edge) => edge.node.id);
    if (forwards) seen.push(...nodes);
    else seen.unshift(...nodes);
    if (!(forwards ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) return seen;
    cursor = forwards ? pageInfo.endCursor : pageInfo.startCursor;
    await betweenPages();
  }
}

describe.each([
  { direction: 'ASC', forwards: true },
  { direction: 'ASC', forwards: false },
  { direction: 'DESC', forwards: true },
  { direction: 'DESC', forwards: false },
])('1,000 orders with the same time, $direction, forwards: $forwards', ({ direction, forwards }) => {
  test('each order is listed once while others are inserted', async () => {
    const existing = new Set(ids);
    const seen = await readPages(forwards, 73, { orderBy: { direction } }, () => createdOrder(server));
    const old = seen.filter((id) => existing.has(id));
    expect(old).toEqual(direction === 'ASC' ? ids : ids.toReversed());
    expect(new Set(seen).size).toBe(seen.length);
  });
});

test('lists by status, statuses, customer, and both are complete and in order', async () => {
  const all = await database.sql<{ id: string; status: string; customer_id: string | null }>(
    "SELECT id, status, customer_id FROM orders WHERE created_at = '2026-01-02T03:04:05.678Z' ORDER BY id",
  );
  const cases = [
    [{ status: { eq: 'CANCELLED' } }, (row: (typeof all)[number]) => row.status === 'CANCELLED'],
    [{ customerId: 'regular' }, (row: (typeof all)[number]) => row.customer_id === 'regular'],
    [
      { customerId: 'regular', status: { in: ['CANCELLED', 'SHIPPED'] } },
      (row: (typeof all)[number]) => row.customer_id === 'regular' && row.status === 'CANCELLED',
    ],
    [{ status: { notIn: ['PENDING'] } }, (row: (typeof all)[number]) => row.status !== 'PENDING'],
    [{ status: { in: [] } }, () => false],
    [{ status: { eq: 'PENDING', notIn: ['PENDING'] } }, () => false],
  ] as const;
  for (const [where, holds] of cases) {
    const expected = all.filter(holds).map((row) => row.id);
    expect(await readPages(true, 40, { where, ...UP }, () => Promise.resolve())).toEqual(expected);
    const { orders } = await server.get<{ orders: { totalCount: number } }>(
      'query ($where: OrderWhere) { orders(where: $where, first: 0) { totalCount } }',
      { where },
    );
    expect(orders.totalCount).toBe(expected.length);
  }
});

test('several statuses are merged in order', async () => {
  const seen = await readPages(true, 100, { where: { status: { in: ['PENDING', 'CANCELLED'] } }, ...UP }, () =>
    Promise.resolve(),
  );
  expect(seen.slice(0, COUNT)).toEqual(ids);
});

test('a page between two cursors excludes both', async () => {
  const { edges } = await page({ first: 10, ...UP });
  const [after, before] = [edges[2]?.cursor, edges[7]?.cursor];
  const inside = edges.slice(3, 7).map((edge) => edge.node.id);
  for (const bounds of [{ first: 10 }, { last: 10 }]) {
    const window = await page({ ...bounds, after, before, ...UP });
    expect(window.edges.map((edge) => edge.node.id)).toEqual(inside);
    expect(window.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
  }
  const empty = await page({ first: 5, after: edges[3]?.cursor, before: edges[4]?.cursor, ...UP });
  expect(empty).toMatchObject({
    edges: [],
    pageInfo: { hasNextPage: true, hasPreviousPage: true, startCursor: null, endCursor: null },
  });
});

test('an empty page between the last or first two orders reports the order at its bound', async () => {
  for (const two of [await page({ last: 2, ...UP }), await page({ first: 2, ...UP })]) {
    const [after, before] = two.edges.map(({ cursor }) => cursor);
    for (const size of [{ first: 5 }, { last: 5 }]) {
      expect(await page({ ...size, after, before, ...UP })).toMatchObject({
        edges: [],
        pageInfo: { hasNextPage: true, hasPreviousPage: true },
      });
    }
  }
});

test('a page after the last order and an empty page report the orders before and after them', async () => {
  const last = await page({ last: 1, ...UP });
  const beyond = await page({ first: 5, after: last.edges[0]?.cursor, ...UP });
  expect(beyond).toMatchObject({ edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: true } });
  const none = await page({ first: 0, ...UP });
  expect(none).toMatchObject({ edges: [], pageInfo: { hasNextPage: true, hasPreviousPage: false } });
});

test('the default page has twenty orders', async () => {
  expect((await page({})).edges).toHaveLength(20);
});

test.each([
  [{ first: 1, last: 1 }, 'BAD_USER_INPUT', 'first and last'],
  [{ first: -1 }, 'BAD_USER_INPUT', 'first must be from 0 to 100'],
  [{ first: 101 }, 'BAD_USER_INPUT', 'first must be from 0 to 100'],
  [{ last: 1_000_000 }, 'BAD_USER_INPUT', 'last must be from 0 to 100'],
  [{ first: 5, after: 'nonsense' }, 'INVALID_CURSOR', 'after'],
  [{ first: 5, before: '' }, 'INVALID_CURSOR', 'before'],
  [
    { first: 5, after: Buffer.from('["orders","CREATED_AT","DESC",1e999,"x"]').toString('base64url') },
    'INVALID_CURSOR',
    'after',
  ],
])('the page arguments %j are rejected', async (variables, code, words) => {
  const response = await server.request(PAGE, variables);
  expect(response.status).toBe(400);
  expect(response.errors).toMatchObject([{ extensions: { code } }]);
  expect(response.errors?.[0]?.message).toContain(words);
});

test('cursors of another sort order or of a history are rejected', async () => {
  const { edges } = await page({ first: 1 });
  const [edge] = edges;
  const under = await server.request(PAGE, { first: 1, after: edge?.cursor, ...UP });
  expect(under.errors).toMatchObject([{ extensions: { code: 'INVALID_CURSOR' } }]);
  const order = await createdOrder(server);
  const history = await server.get<{ order: { history: { pageInfo: { endCursor: string } } } }>(
    'query ($id: ID!) { order(id: $id) { history { pageInfo { endCursor } } } }',
    { id: order.id },
  );
  const foreign = await server.request(PAGE, { first: 1, after: history.order.history.pageInfo.endCursor });
  expect(foreign.errors).toMatchObject([{ extensions: { code: 'INVALID_CURSOR' } }]);
});
