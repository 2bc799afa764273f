import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { serverForTest, useDatabase, useServer } from '../support/fixture.js';
import { lockTable } from '../support/locks.js';
import { createdOrder, transitionOrder } from '../support/order-requests.js';
import { openWebsocket, type OpenWebsocket } from '../support/websocket.js';

const MAX_UNSENT = 300_000;
const database = useDatabase();
const server = useServer(database, {
  WEBSOCKET_MAX_UNSENT_BYTES: String(MAX_UNSENT),
  WEBSOCKET_MAX_BYTES: '200000',
  SUBSCRIBERS_MAX_COST: '2000',
  SUBSCRIBER_MAX_QUEUED: '20',
  REQUEST_MAX_COST: '5000',
  DATABASE_LOCK_TIMEOUT_MS: '20000', // a test locks a table
});

const WATCH = 'subscription ($customerId: String) { orderStatusChanged(customerId: $customerId) { version to } }';

test.each([
  ['sends rejected subscriptions', { type: 'subscribe', id: 'ID', payload: { query: 'x'.repeat(1_500) } }],
  ['sends pings', { type: 'ping', payload: { text: 'x'.repeat(900) } }],
  ['sends websocket pings', 'ping'],
])('the connection of a client that %s and does not read is closed', async (_what, message) => {
  const { socket, closed } = await openWebsocket(server.url);
  const text = JSON.stringify(message);
  socket.pause();
  const sent: Promise<void>[] = [];
  const maximum = message === 'ping' ? 150_000 : 30_000; // more than the socket buffers
  for (let index = 0; index < maximum && socket.readyState === WebSocket.OPEN; index += 1) {
    sent.push(
      new Promise((resolve) => {
        if (message === 'ping') socket.ping('x'.repeat(125), true, () => resolve());
        else socket.send(text.replace('ID', String(index)), () => resolve());
      }),
    );
    if (index % 1_000 === 0) await Promise.all(sent.splice(0));
  }
  await Promise.all(sent);
  socket.resume();
  expect([4413, 1006]).toContain((await closed).code); // 1006 if the connection is cut before the client reads
});

test('a pong has the payload of its ping if it is small', async () => {
  const { send, until } = await openWebsocket(server.url);
  send({ type: 'ping', payload: { small: 'yes' } });
  expect(await until(({ type }) => type === 'pong')).toEqual({ type: 'pong', payload: { small: 'yes' } });
  const other = await openWebsocket(server.url);
  other.send({ type: 'ping', payload: { large: 'x'.repeat(100_000) } });
  expect(await other.until(({ type }) => type === 'pong')).toEqual({ type: 'pong' });
  const pong = new Promise((resolve) => other.socket.once('pong', (data) => resolve(String(data))));
  other.socket.ping('of the protocol');
  expect(await pong).toBe('of the protocol');
});

test.each([
  [
    'a skipped root field',
    'subscription { orderStatusChanged @skip(if: true) { version } }',
    {},
    'GRAPHQL_VALIDATION_FAILED',
    '@skip',
  ],
  [
    'a root field skipped by a variable in a fragment',
    'subscription ($no: Boolean!) { ...F } fragment F on Subscription { ... @include(if: $no) { orderStatusChanged { version } } }',
    { no: false },
    'GRAPHQL_VALIDATION_FAILED',
    '@include',
  ],
  [
    'two subscriptions without operationName',
    'subscription A { orderStatusChanged { version } } subscription B { orderStatusChanged { to } }',
    {},
    'OPERATION_RESOLUTION_FAILURE',
    'operationName',
  ],
  ['a document without an operation', 'fragment F on Order { id }', {}, 'GRAPHQL_VALIDATION_FAILED', 'F'],
  [
    'a query above the cost limit',
    'subscription { orderStatusChanged { order { customer { orders(first: 100) { nodes { items { name } } } } } } }',
    {},
    'BAD_USER_INPUT',
    '5000',
  ],
  [
    'a very long syntax error',
    `subscription { ${'"'.repeat(1)}${'x'.repeat(50_000)}" }`,
    {},
    'GRAPHQL_PARSE_FAILED',
    'Syntax Error',
  ],
])('%s is reported as an error of its id, and the socket stays open', async (_what, query, variables, code, words) => {
  const { send, until } = await openWebsocket(server.url);
  send({ type: 'subscribe', id: '1', payload: { query, variables } });
  const response = await until(({ id }) => id === '1');
  expect(response).toMatchObject({ type: 'error', payload: [{ extensions: { code } }] });
  expect(JSON.stringify(response)).toContain(words);
  expect(JSON.stringify(response).length).toBeLessThan(3_000);
  send({ type: 'ping' });
  await until(({ type }) => type === 'pong');
});

test.each([
  ['a too long id', { type: 'subscribe', id: 'x'.repeat(129), payload: { query: WATCH } }, 4400],
  ['a message type of servers', { type: 'next', id: '1', payload: {} }, 4400],
  ['a message of an unknown type', { type: 'unknown' }, 4400],
])('%s closes the socket with %o', async (_what, message, code) => {
  const { send, closed } = await openWebsocket(server.url);
  send(message);
  expect(await closed).toMatchObject({ code });
});

test('an id in use closes the socket, regardless of its length', async () => {
  const { send, closed } = await openWebsocket(server.url);
  const message = { type: 'subscribe', id: 'x'.repeat(128), payload: { query: WATCH } };
  send(message);
  send(message);
  expect(await closed).toMatchObject({ code: 4409 });
});

test('an id cannot be reused while its last event is executed, so no subscription continues after `complete`', async () => {
  const { send, until, messages } = await openWebsocket(server.url);
  const { id: orderId } = await createdOrder(server, { customerId: 'reuse' });
  const query =
    'subscription { orderStatusChanged(customerId: "reuse", to: [CONFIRMED, PROCESSING]) { to order { items { name } } } }';
  const subscribe = () => send({ type: 'subscribe', id: 'X', payload: { query } });
  const probe = async (id: string) => {
    send({ type: 'subscribe', id, payload: { query: '{ __typename }' } });
    await until((message) => message.id === id);
  };
  const responses = () => messages.filter(({ id }) => id === 'X').map(({ type }) => type);
  subscribe();
  await probe('subscribed');
  const release = await lockTable(database, 'order_items');
  await transitionOrder(server, { id: orderId, status: 'CONFIRMED' });
  await expect
    .poll(async () => {
      const [row] = await database.sql<{ waiting: number }>(
        "SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%order_items%' AND datname = current_database()",
      );
      return row?.waiting;
    })
    .toBe(1); // the event is being executed
  send({ type: 'complete', id: 'X' });
  subscribe();
  expect(await until(({ id }) => id === 'X')).toMatchObject({
    type: 'error',
    payload: [{ extensions: { code: 'BAD_REQUEST' } }],
  });
  await release();
  await expect
    .poll(async () => {
      const errors = responses().length;
      subscribe();
      await probe(`after ${errors}`);
      return responses().length - errors;
    })
    .toBe(0); // the id is available again
  send({ type: 'complete', id: 'X' });
  const before = responses().length;
  await transitionOrder(server, { id: orderId, status: 'PROCESSING' });
  const other = await createdOrder(server, { customerId: 'reuse' });
  await transitionOrder(server, { id: other.id, status: 'CONFIRMED' });
  await probe('end');
  expect(responses()).toHaveLength(before);
});

test('a message with too many fragments closes the socket', async () => {
  const { socket, closed } = await openWebsocket(server.url);
  for (let index = 0; index < 300; index += 1) socket.send(index === 0 ? '{' : ' ', { fin: false });
  expect(await closed).toMatchObject({ code: 1008 });
});

test('the total size of the subscribe messages of a websocket is limited', async () => {
  const { send, until, messages } = await openWebsocket(server.url);
  const payload = { query: `${WATCH} # ${'x'.repeat(90_000)}`, variables: { customerId: 'text' } };
  for (let index = 0; index < 7; index += 1) send({ type: 'subscribe', id: `${index}`, payload });
  const code = { extensions: { code: 'THROTTLED' } };
  expect(await until(({ type }) => type === 'error')).toMatchObject({ id: '5', payload: [code] });
  await until(({ id }) => id === '6');
  send({ type: 'complete', id: '0' });
  send({ type: 'ping' });
  await until(({ type }) => type === 'pong'); // a message that arrives together with `complete` is too early
  send({ type: 'subscribe', id: 'fits', payload });
  send({ type: 'subscribe', id: 'exceeds', payload });
  await until(({ id }) => id === 'exceeds');
  expect(messages.filter(({ type }) => type === 'error').map(({ id }) => id)).toEqual(['5', '6', 'exceeds']);
});

/** A subscription with a cost of about 500 values for each event. */
const COSTLY = `subscription ($customerId: String) { orderStatusChanged(customerId: $customerId) {
  ${Array.from({ length: 500 }, () => 'version').join(' ')} } }`;

/** @returns the error code of the subscription, or null if it is accepted */
async function subscribed(
  { send, until, messages }: OpenWebsocket,
  id: string,
  customerId: string,
): Promise<string | null> {
  send({ type: 'subscribe', id, payload: { query: COSTLY, variables: { customerId } } });
  for (const probe of [`probe ${id}`, `second probe ${id}`]) {
    send({ type: 'subscribe', id: probe, payload: { query: '{ __typename }' } });
    await until((message) => message.id === probe); // an error of the subscription arrives earlier
  }
  const response = messages.find((message) => message.id === id);
  const { errors } = (response?.payload ?? {}) as {
    readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
  };
  return errors?.[0]?.extensions.code ?? null;
}

test('subscriptions to the same events share a cost budget, and ended ones release their part', async () => {
  const websocket = await openWebsocket(server.url);
  const states = [];
  for (let index = 0; index < 4; index += 1) states.push(await subscribed(websocket, `a${index}`, 'budget'));
  expect(states).toEqual([null, null, null, 'THROTTLED']);
  expect(JSON.stringify(websocket.messages)).toContain('SUBSCRIBERS_MAX_COST is 2000');
  expect(await subscribed(websocket, 'other', 'another customer')).toBeNull();
  websocket.send({ type: 'complete', id: 'a0' });
  expect(await subscribed(websocket, 'a4', 'budget')).toBeNull();
  expect(await subscribed(websocket, 'a5', 'budget')).toBe('THROTTLED');
  websocket.socket.terminate();
  const next = await openWebsocket(server.url);
  let attempts = 0;
  await expect.poll(async () => subscribed(next, `b${(attempts += 1)}`, 'budget')).toBeNull();
});

test('the budget of three concurrent subscriptions allows ten consecutive ones', async () => {
  const websocket = await openWebsocket(server.url);
  for (let index = 0; index < 10; index += 1) {
    expect(await subscribed(websocket, `leak ${index}`, 'leak')).toBeNull();
    websocket.send({ type: 'complete', id: `leak ${index}` });
  }
});

test('a slow subscriber gets SLOW_CONSUMER with the last cursor, and only its subscription ends', async () => {
  const { send, until, messages } = await openWebsocket(server.url);
  const customerId = 'slow';
  const [first, ...orders] = await Promise.all(Array.from({ length: 61 }, () => createdOrder(server, { customerId })));
  const CONFIRMED = `subscription ($after: String) {
    orderStatusChanged(customerId: "slow", to: [CONFIRMED], after: $after) { resumeCursor } }`;
  const quick = await server.subscribe<{ orderStatusChanged: object }>(CONFIRMED);
  const query = CONFIRMED.replace('{ resumeCursor }', '{ resumeCursor order { items { name } } }');
  send({ type: 'subscribe', id: '1', payload: { query } });
  send({ type: 'subscribe', id: 'probe', payload: { query: '{ __typename }' } });
  await until(({ id }) => id === 'probe');
  await transitionOrder(server, { id: first?.id ?? '', status: 'CONFIRMED' });
  await until(({ type, id }) => type === 'next' && id === '1');
  const release = await lockTable(database, 'order_items'); // an event with items waits
  await server.get(
    'mutation ($input: UpdateOrderStatusesInput!) { updateOrderStatuses(input: $input) { results { index } } }',
    { input: { changes: orders.map(({ id }) => ({ id, status: 'CONFIRMED' })) } },
  );
  await quick.until((seen) => seen.length > orders.length);
  await release();
  const failure = await until(({ payload }) => JSON.stringify(payload ?? null).includes('SLOW_CONSUMER'));
  await until(({ type, id }) => type === 'complete' && id === '1');
  const delivered = messages.filter(
    ({ type, payload }) => type === 'next' && JSON.stringify(payload).includes('resumeCursor'),
  );
  const last = delivered.at(-1)?.payload as { data: { orderStatusChanged: { resumeCursor: string } } };
  expect(delivered.length).toBeGreaterThan(0);
  expect(failure).toMatchObject({
    payload: {
      errors: [{ extensions: { code: 'SLOW_CONSUMER', lastCursor: last.data.orderStatusChanged.resumeCursor } }],
    },
  });
  send({ type: 'ping' });
  await until(({ type }) => type === 'pong');
  const after = last.data.orderStatusChanged.resumeCursor;
  const resumed = await server.subscribe<{ orderStatusChanged: { resumeCursor: string } }>(CONFIRMED, { after });
  const missed = await resumed.until((seen) => seen.length > orders.length - delivered.length);
  const received = [...delivered.map(({ payload }) => (payload as typeof last).data), ...missed];
  const cursors = received.map(({ orderStatusChanged: { resumeCursor } }) => resumeCursor);
  expect(new Set(cursors).size).toBe(orders.length + 1);
  expect(cursors).toHaveLength(orders.length + 1);
});

test('changes without a transition are not delivered to orderStatusChanged', async () => {
  const subscription = await server.subscribe<{ orderStatusChanged: { version: number } }>(WATCH, {
    customerId: 'updates',
  });
  const { id } = await createdOrder(server, { customerId: 'updates' });
  await server.get(`mutation { updateOrder(input: {id: "${id}", expectedVersion: 1, notes: "new"}) { changed } }`);
  await transitionOrder(server, { id, status: 'CONFIRMED' });
  const seen = await subscription.until((events) => events.length >= 2);
  expect(seen.map((event) => event.orderStatusChanged.version)).toEqual([1, 3]);
});

test('a client that violates the protocol is disconnected, and console.error is not called', async () => {
  const printed = vi.spyOn(console, 'error');
  const server = await serverForTest(database);
  const { socket, closed } = await openWebsocket(server.url);
  const raw = (socket as unknown as { readonly _socket: { write(bytes: Buffer): void } })._socket;
  raw.write(Buffer.from([0xff, 0x80, 0, 0, 0, 0])); // reserved bits and an unknown opcode
  expect(await closed).toMatchObject({ code: 1002 });
  for (const message of [{ type: 'next', id: '1', payload: {} }, { type: 'connection_init' }]) {
    const again = await openWebsocket(server.url);
    again.send(message);
    await again.closed;
  }
  await server.close();
  expect(printed.mock.calls).toEqual([]);
  expect(server.logged.filter((line) => Number(line['level']) >= 40)).toEqual([]);
  printed.mockRestore();
});
