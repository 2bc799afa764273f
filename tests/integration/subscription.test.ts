import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { serverForTest, useDatabase, useServer } from '../support/fixture.js';
import type { TestSubscription } from '../support/client.js';
import { TEA } from '../support/order-documents.js';
import { createdOrder, transitionOrder } from '../support/order-requests.js';
import type { TestServer } from '../support/server.js';
import { handshakeStatus, openWebsocket } from '../support/websocket.js';

const database = useDatabase();
const servers = [useServer(database), useServer(database)] as const;
const subscriptions: TestSubscription<unknown>[] = [];

afterEach(() => {
  for (const subscription of subscriptions.splice(0)) subscription.stop();
});

interface Changed {
  readonly orderStatusChanged: {
    readonly type: string;
    readonly orderId: string;
    readonly version: number;
    readonly from: string | null;
    readonly to: string;
    readonly reason: string | null;
    readonly resumeCursor: string | null;
    readonly actor: { readonly kind: string };
    readonly order: {
      readonly id: string;
      readonly status: string;
      readonly items: readonly { readonly name: string }[];
    };
  };
}

const WATCH = `subscription ($orderId: ID, $customerId: String, $to: [OrderStatus!]) {
  orderStatusChanged(orderId: $orderId, customerId: $customerId, to: $to) {
    id type orderId version from to reason resumeCursor occurredAt actor { subject kind } order { id status items { name } }
  }
}`;

async function subscribe(server: TestServer, variables: object = {}): Promise<TestSubscription<Changed>> {
  const started = await server.subscribe<Changed>(WATCH, variables);
  subscriptions.push(started);
  return started;
}

const steps = (seen: readonly Changed[]) =>
  seen.map(({ orderStatusChanged: { from, to, version } }) => ({ from, to, version }));

test('subscribers on all servers receive the creation and the transitions of an order in order', async () => {
  const customerId = randomUUID();
  const subscribers = await Promise.all(servers.map(async (server) => subscribe(server, { customerId })));
  const { id } = await createdOrder(servers[0], { customerId });
  await transitionOrder(servers[1], { id, status: 'CONFIRMED', reason: 'paid' });
  await transitionOrder(servers[0], { id, status: 'SHIPPED' });
  for (const subscriber of subscribers) {
    const seen = await subscriber.until((events) => events.length === 3);
    expect(steps(seen)).toEqual([
      { from: null, to: 'PENDING', version: 1 },
      { from: 'PENDING', to: 'CONFIRMED', version: 2 },
      { from: 'CONFIRMED', to: 'SHIPPED', version: 3 },
    ]);
    expect(seen[1]?.orderStatusChanged).toMatchObject({
      type: 'STATUS_CHANGED',
      orderId: id,
      reason: 'paid',
      actor: { subject: null, kind: 'admin' },
      order: { id, items: [{ name: TEA.name }] },
    });
    expect(seen.every((event) => event.orderStatusChanged.resumeCursor !== null)).toBe(true);
  }
});

test('filters by order, customer and status select only matching events', async () => {
  const [own, other] = [
    await createdOrder(servers[0], { customerId: 'me' }),
    await createdOrder(servers[0], { customerId: 'you' }),
  ];
  const byOrder = await subscribe(servers[0], { orderId: own.id.toUpperCase() });
  const byCustomer = await subscribe(servers[0], { customerId: 'you' });
  const byStatus = await subscribe(servers[0], { to: ['SHIPPED'] });
  const everything = await subscribe(servers[0]);
  for (const { id } of [own, other]) await transitionOrder(servers[0], { id, status: 'CONFIRMED' });
  for (const { id } of [own, other]) await transitionOrder(servers[0], { id, status: 'SHIPPED' });
  const all = await everything.until((events) => events.length === 4);
  const idsOf = (events: readonly Changed[]) => events.map((event) => event.orderStatusChanged.orderId);
  // The sequence of events is guaranteed only within an order.
  for (const { id } of [own, other]) {
    const events = all.filter((event) => event.orderStatusChanged.orderId === id);
    expect(steps(events).map((step) => step.to)).toEqual(['CONFIRMED', 'SHIPPED']);
  }
  expect(idsOf(await byOrder.until((events) => events.length === 2))).toEqual([own.id, own.id]);
  expect(idsOf(await byCustomer.until((events) => events.length === 2))).toEqual([other.id, other.id]);
  expect(steps(await byStatus.until((events) => events.length === 2)).map((step) => step.to)).toEqual([
    'SHIPPED',
    'SHIPPED',
  ]);
});

test('each event has the order in its state at delivery', async () => {
  const { id } = await createdOrder(servers[0]);
  const subscriber = await subscribe(servers[0], { orderId: id });
  for (const [index, status] of ['CONFIRMED', 'PROCESSING', 'SHIPPED'].entries()) {
    await transitionOrder(servers[0], { id, status });
    const seen = await subscriber.until((events) => events.length === index + 1);
    expect(seen.at(-1)?.orderStatusChanged.order.status).toBe(status);
  }
});

test('every subscriber receives the events of three hundred orders once, in order for each order', async () => {
  const customerId = randomUUID();
  const subscribers = await Promise.all([subscribe(servers[0], { customerId }), subscribe(servers[1], { customerId })]);
  const orders = await Promise.all(
    Array.from({ length: 300 }, async (_, index) => createdOrder(servers[index % 2 === 0 ? 0 : 1], { customerId })),
  );
  await Promise.all(
    orders.map(async ({ id }, index) => {
      await transitionOrder(servers[index % 2 === 0 ? 1 : 0], { id, status: 'CONFIRMED' });
      await transitionOrder(servers[index % 2 === 0 ? 0 : 1], { id, status: 'CANCELLED' });
    }),
  );
  for (const subscriber of subscribers) {
    const seen = await subscriber.until((events) => events.length >= 900);
    expect(seen).toHaveLength(900);
    const byOrder = Map.groupBy(seen, (event) => event.orderStatusChanged.orderId);
    expect(byOrder.size).toBe(300);
    for (const events of byOrder.values())
      expect(events.map((event) => event.orderStatusChanged.version)).toEqual([1, 2, 3]);
  }
});

test.each([
  ['a query', '{ __typename }', 'BAD_REQUEST', 'subscriptions only'],
  ['a mutation', 'mutation { createOrder(input: {items: []}) { replayed } }', 'BAD_REQUEST', 'subscriptions only'],
  ['a syntax error', 'subscription {', 'GRAPHQL_PARSE_FAILED', 'Syntax Error'],
  ['an unknown field', 'subscription { colours }', 'GRAPHQL_VALIDATION_FAILED', 'colours'],
  ['a malformed id', 'subscription { orderStatusChanged(orderId: "x") { id } }', 'BAD_USER_INPUT', 'UUID'],
  ['NUL', 'subscription { orderStatusChanged(customerId: "\\u0000") { id } }', 'BAD_USER_INPUT', 'NUL'],
  ['too many tokens', `subscription { ${'a:__typename '.repeat(3_000)} }`, 'GRAPHQL_PARSE_FAILED', 'token'],
])('%s over a websocket is rejected, and the socket stays open', async (_what, query, code, words) => {
  const rejected = await servers[0].subscribe(query);
  await rejected.ended;
  expect(rejected.errors).toMatchObject([{ extensions: { code } }]);
  expect(rejected.errors[0]?.message).toContain(words);
  const customerId = randomUUID();
  const subscriber = await subscribe(servers[0], { customerId });
  await createdOrder(servers[0], { customerId });
  await subscriber.until((events) => events.length === 1);
});

test('an invalid variable is a client error', async () => {
  const rejected = await servers[0].subscribe(WATCH, { to: ['banana'] });
  await rejected.ended;
  expect(rejected.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
});

test('websockets of other origins and at other paths are rejected', async () => {
  const { url } = servers[0];
  expect(await handshakeStatus(url, { origin: 'https://example.com' })).toBe(403);
  expect(await handshakeStatus(url)).toBe(101);
  expect(await handshakeStatus(url.replace('/graphql', '/other'))).toBe(404);
});

test('a server that shuts down ends each subscription with its last cursor and closes its websockets with code 1001', async () => {
  const third = await serverForTest(database);
  const before = await createdOrder(third);
  const websocket = await openWebsocket(third.url);
  const query = 'subscription ($id: ID) { event: orderChanged(orderId: $id) { resumeCursor } }';
  const subscribe = (id: string, variables: object) =>
    websocket.send({ type: 'subscribe', id, payload: { query, variables } });
  subscribe('without an event', { id: before.id });
  subscribe('all', {});
  websocket.send({ type: 'ping' });
  await websocket.until(({ type }) => type === 'pong');
  await createdOrder(servers[0]);
  const event = await websocket.until(({ id, type }) => id === 'all' && type === 'next');
  const { resumeCursor } = (event.payload as { data: { event: { resumeCursor: string } } }).data.event;

  await third.close();
  expect(await websocket.closed).toEqual({ code: 1001, reason: 'Going away' });
  for (const [id, lastCursor] of [
    ['without an event', expect.any(String) as string], // it does not receive the event of the other order
    ['all', resumeCursor],
  ]) {
    const last = websocket.messages.findLast((message) => message.id === id); // `complete` would end it for good
    const error = { extensions: { code: 'SERVICE_UNAVAILABLE', lastCursor } };
    expect(last).toMatchObject({ type: 'next', payload: { errors: [error] } });
  }
});
