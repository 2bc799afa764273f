import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { serverForTest, useDatabase, useServer } from '../support/fixture.js';
import { CREATE_ORDER, TEA } from '../support/order-documents.js';
import { createdOrder, createOrder } from '../support/order-requests.js';

const database = useDatabase();
const server = useServer(database, { WEBSOCKET_MAX_SUBSCRIPTIONS: '3' });

test('a query with nested pages above the cost limit is rejected before its execution', async () => {
  const level = (inner: string) => `customer { orders(first: 100) { nodes { ${inner} } } }`;
  const bomb = `{ orders(first: 100) { nodes { ${level(level('id'))} } } }`;
  const response = await server.request(bomb);
  expect(response).toMatchObject({
    status: 400,
    errors: [{ extensions: { code: 'BAD_USER_INPUT', maxCost: 500_000 } }],
  });
  const typical =
    '{ orders(first: 100) { totalCount nodes { id number status total { amount } items { name } history { nodes { version } } } } }';
  expect((await server.request(typical)).errors).toBeUndefined();
});

test('a subscription over HTTP is rejected with a hint to use a websocket', async () => {
  const response = await server.request('subscription { orderStatusChanged { version } }');
  expect(response).toMatchObject({ status: 400, errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  expect(response.errors?.[0]?.message).toContain('websocket');
});

test('a mutation with an unsupported Accept header is not executed', async () => {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: CREATE_ORDER, variables: { input: { items: [TEA], notes: 'unacceptable' } } }),
  });
  expect(response.status).toBe(406);
  expect(await database.sql("SELECT 1 FROM orders WHERE notes = 'unacceptable'")).toEqual([]);
});

test('one invalid variable prevents all mutations of a request', async () => {
  const query = `mutation ($a: CreateOrderInput!, $b: CreateOrderInput!) {
    a: createOrder(input: $a) { order { id } } b: createOrder(input: $b) { order { id } } }`;
  const variables = { a: { items: [TEA], notes: 'first of two' }, b: { items: [TEA], notes: 'x\0' } };
  const response = await server.request(query, variables);
  expect(response).toMatchObject({
    status: 400,
    errors: [{ extensions: { code: 'BAD_USER_INPUT', argument: 'b.notes' } }],
  });
  expect(await database.sql("SELECT 1 FROM orders WHERE notes = 'first of two'")).toEqual([]);
});

test('all errors of many invalid variables are client errors', async () => {
  const items = Array.from({ length: 60 }, () => ({ wrong: 1 }));
  const { errors = [] } = await server.request(CREATE_ORDER, { input: { items } });
  expect(errors.length).toBeGreaterThan(10);
  expect(new Set(errors.map((error) => error.extensions.code))).toEqual(new Set(['BAD_USER_INPUT']));
});

test('a mutation reads the changes of earlier mutations in its request', async () => {
  const { id } = await createdOrder(server, { customerId: 'one request' });
  const part = (status: string) =>
    `updateOrderStatus(input: {id: "${id}", status: ${status}}) { order { version history { nodes { version order { version } } } } }`;
  interface Part {
    readonly order: {
      readonly version: number;
      readonly history: { readonly nodes: { readonly order: { readonly version: number } }[] };
    };
  }
  const both = await server.get<{ a: Part; b: Part }>(`mutation { a: ${part('CONFIRMED')} b: ${part('SHIPPED')} }`);
  for (const { order } of [both.a, both.b]) {
    expect(new Set(order.history.nodes.map((event) => event.order.version))).toEqual(new Set([order.version]));
  }
});

test('an id with surrounding spaces is rejected', async () => {
  const response = await createOrder(server, { customerId: ' c1 ' });
  expect(response.userErrors).toMatchObject([{ code: 'INVALID', field: ['input', 'customerId'] }]);
});

test('the number of subscriptions of a websocket is limited', async () => {
  const query = 'subscription { orderStatusChanged(orderId: "0198a6c0-5f0e-7a3b-9c1d-2e4f60718293") { version } }';
  const subscriptions = [];
  for (let index = 0; index < 3; index += 1) subscriptions.push(await server.subscribe(query));
  const rejected = await server.subscribe(query);
  await rejected.ended;
  expect(rejected.errors).toMatchObject([{ extensions: { code: 'THROTTLED' } }]);
  for (const subscription of subscriptions) subscription.stop();
});

test('a client that requests a forbidden upgrade and resets the connection does not affect the server', async () => {
  const { port, hostname } = new URL(server.url);
  for (let index = 0; index < 20; index += 1) {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          'GET /graphql HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
        );
        socket.resetAndDestroy();
        resolve();
      });
      socket.on('error', () => undefined);
    });
  }
  expect(await createdOrder(server)).toMatchObject({ status: 'PENDING' });
});

test('the options of the database URL are kept, and times stay in UTC', async () => {
  const url = new URL(database.url);
  url.searchParams.set('options', '-c search_path=public -c TimeZone=Asia/Kathmandu');
  const configured = await serverForTest({ url: url.href });
  const { createdAt } = await createdOrder(configured);
  expect(Math.abs(Date.parse(createdAt) - Date.now())).toBeLessThan(60_000);
});
