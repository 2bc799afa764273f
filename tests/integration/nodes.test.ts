import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { TEA } from '../support/order-documents.js';
import { createdOrder, transitionOrder } from '../support/order-requests.js';

const database = useDatabase();
const server = useServer(database);

test('node and nodes return every object with an id, in the order of the ids', async () => {
  const order = await createdOrder(server, {
    customerId: 'c:1',
    customerName: 'Ada',
    items: [TEA, { name: 'Milk', unitPrice: '0.99' }],
  });
  const seen = await server.get<{
    order: { id: string; customer: { id: string }; items: { id: string }[]; history: { nodes: { id: string }[] } };
  }>('query ($id: ID!) { order(id: $id) { id customer { id } items { id } history { nodes { id } } } }', {
    id: order.id,
  });
  const ids = [
    seen.order.id,
    seen.order.customer.id,
    ...seen.order.items.map((item) => item.id),
    ...seen.order.history.nodes.map((event) => event.id),
  ];
  const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id
    ... on Order { status } ... on Customer { name } ... on OrderItem { called: name position } ... on OrderEvent { type } } }`;
  const { nodes } = await server.get<{ nodes: unknown[] }>(query, { ids });
  expect(nodes).toEqual([
    { __typename: 'Order', id: order.id, status: 'PENDING' },
    { __typename: 'Customer', id: 'customer:c:1', name: 'Ada' },
    { __typename: 'OrderItem', id: `item:${order.id}:1`, called: 'Tea', position: 1 },
    { __typename: 'OrderItem', id: `item:${order.id}:2`, called: 'Milk', position: 2 },
    { __typename: 'OrderEvent', id: `event:${order.id}:1`, type: 'CREATED' },
  ]);
  for (const id of ids) {
    expect(await server.get('query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: { id } });
  }
});

test('a missing object is null at its position', async () => {
  const order = await createdOrder(server);
  const ids = [
    randomUUID(),
    order.id,
    `item:${order.id}:9`,
    `event:${order.id}:9`,
    'customer:nobody',
    `item:${randomUUID()}:1`,
  ];
  const { nodes } = await server.get<{ nodes: unknown[] }>('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids });
  expect(nodes).toEqual([null, { id: order.id }, null, null, null, null]);
  expect(await server.get(`{ order(id: "${randomUUID()}") { id } customer(customerId: "nobody") { id } }`)).toEqual({
    order: null,
    customer: null,
  });
});

test('a request for 101 ids is rejected', async () => {
  const response = await server.request('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
    ids: Array.from({ length: 101 }, () => randomUUID()),
  });
  expect(response).toMatchObject({ status: 400, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
});

test('a customer has the name and e-mail address of the latest order, and lists its orders', async () => {
  await createdOrder(server, { customerId: 'latest', customerName: 'Old', customerEmail: 'old@example.com' });
  const second = await createdOrder(server, {
    customerId: 'latest',
    customerName: 'New',
    customerEmail: 'new@example.com',
  });
  await createdOrder(server, { customerId: 'another customer' });
  const query = `{ customer(customerId: "latest") { id customerId name email
    orders(first: 1) { totalCount nodes { id } pageInfo { hasNextPage } }
    cancelled: orders(where: {status: {eq: CANCELLED}}) { totalCount nodes { id } }
    foreign: orders(where: {customerId: "another customer"}) { totalCount nodes { id } } } }`;
  expect(await server.get(query)).toEqual({
    customer: {
      id: 'customer:latest',
      customerId: 'latest',
      name: 'New',
      email: 'new@example.com',
      orders: { totalCount: 2, nodes: [{ id: second.id }], pageInfo: { hasNextPage: true } },
      cancelled: { totalCount: 0, nodes: [] },
      foreign: { totalCount: 0, nodes: [] },
    },
  });
});

test('the order of a guest has no customer', async () => {
  const { id } = await createdOrder(server, { customerName: 'Guest', customerEmail: 'guest@example.com' });
  const query = 'query ($id: ID!) { order(id: $id) { customerId customerName customerEmail customer { id } } }';
  expect(await server.get(query, { id })).toEqual({
    order: { customerId: null, customerName: 'Guest', customerEmail: 'guest@example.com', customer: null },
  });
});

test('a history is paged in both directions and reports its ends', async () => {
  const { id } = await createdOrder(server);
  for (const status of ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED'])
    await transitionOrder(server, { id, status, reason: `to ${status}` });
  const query = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    order(id: $id) { history(first: $first, after: $after, last: $last, before: $before) {
      edges { cursor node { version to reason } } nodes { version } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
  interface History {
    readonly edges: { cursor: string; node: { version: number; reason: string | null } }[];
    readonly nodes: { version: number }[];
    readonly pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
  }
  const page = async (variables: object) =>
    (await server.get<{ order: { history: History } }>(query, { id, ...variables })).order.history;
  const first = await page({ first: 2 });
  expect(first.nodes.map((event) => event.version)).toEqual([1, 2]);
  expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  const second = await page({ first: 2, after: first.pageInfo.endCursor });
  expect(second.nodes.map((event) => event.version)).toEqual([3, 4]);
  expect(second.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
  const third = await page({ first: 2, after: second.pageInfo.endCursor });
  expect(third.edges.map((edge) => edge.node)).toMatchObject([{ version: 5, reason: 'to DELIVERED' }]);
  expect(third.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  const last = await page({ last: 2 });
  expect(last.nodes.map((event) => event.version)).toEqual([4, 5]);
  expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  const before = await page({ last: 2, before: last.pageInfo.startCursor });
  expect(before.nodes.map((event) => event.version)).toEqual([2, 3]);
  const window = await page({ first: 10, after: first.edges[0]?.cursor, before: last.edges[1]?.cursor });
  expect(window.nodes.map((event) => event.version)).toEqual([2, 3, 4]);
  expect(window.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
  const beyond = await page({ first: 2, after: third.pageInfo.endCursor });
  expect(beyond).toMatchObject({ nodes: [], pageInfo: { hasNextPage: false, hasPreviousPage: true } });
  const other = await createdOrder(server);
  const foreign = await server.request(query, { id: other.id, after: first.pageInfo.endCursor });
  expect(foreign.errors).toMatchObject([{ extensions: { code: 'INVALID_CURSOR' } }]);
});

test('money is exact in currencies with zero, two and three decimals', async () => {
  const cases = [
    ['JPY', '1250', '3750'],
    ['USD', '0.07', '0.21'],
    ['KWD', '1.005', '3.015'],
    ['USD', '30744573456182586.02', '92233720368547758.06'],
  ] as const;
  for (const [currency, unitPrice, amount] of cases) {
    const order = await createdOrder(server, { currency, items: [{ name: 'x', quantity: 3, unitPrice }] });
    expect(order.total).toEqual({ amount, currency });
  }
});

test('an order that does not exist is null, whatever the condition of its items', async () => {
  const query = `query ($id: ID!, $items: Boolean = true) { order(id: $id) { items @include(if: $items) { name } } }`;
  for (const items of [true, false, null]) {
    const { data, errors } = await server.request<{ order: null }>(query, { id: randomUUID(), items });
    expect([data, errors]).toEqual([{ order: null }, undefined]);
  }
});
