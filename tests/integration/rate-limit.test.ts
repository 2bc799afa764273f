import { expect, test } from 'vitest';
import type { GraphQLError } from '../support/client.js';
import { endOfLog, sequenced } from '../support/event-log.js';
import { serverForTest, useDatabase, useServer } from '../support/fixture.js';
import { createdOrder, updateOrder } from '../support/order-requests.js';
import { rawRequest } from '../support/raw-request.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';
import { handshakeStatus, openWebsocket } from '../support/websocket.js';

const database = useDatabase();
const open = useServer(database);
/** The bucket is not restored within a test. */
const SLOW = { REQUEST_MAX_COST: '2000', RATE_LIMIT_CAPACITY: '2000', RATE_LIMIT_RESTORE: '1' };
const withTokens = { ...AUTH_ENV, ...SLOW };

interface Cost {
  readonly requestedQueryCost?: number;
  readonly actualQueryCost?: number;
  readonly throttleStatus: { readonly currentlyAvailable: number };
}

interface Response {
  readonly status: number;
  readonly headers: Headers;
  readonly data?: unknown;
  readonly errors?: readonly GraphQLError[];
  readonly extensions?: { readonly cost: Cost };
}

async function send(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const { status, headers: received } = response;
  return { ...((await response.json()) as Omit<Response, 'status' | 'headers'>), status, headers: received };
}

const bearer = async (sub: string) => ({ authorization: `Bearer ${await signToken({ sub, roles: ['admin'] })}` });

const LIST = '{ orders(first: 100) { nodes { id items { quantity } } } }';
const COST_OF_LIST = 1 + 1 + 100 * (1 + 1 + 200);

test('an executed request reports its requested and its actual cost', async () => {
  await createdOrder(open);
  const once = await send(open.url, { query: LIST });
  const again = await send(open.url, { query: LIST }); // on the fast lane
  const { nodes } = (once.data as { readonly orders: { readonly nodes: readonly { items: readonly object[] }[] } })
    .orders;
  const actual = 2 + nodes.reduce((cost, { items }) => cost + 2 + items.length, 0);
  const cost = { requestedQueryCost: COST_OF_LIST, actualQueryCost: actual };
  expect([once.extensions, again.extensions]).toEqual([{ cost }, { cost }]);
});

test.each([
  ['{ order(id: "018f0000-0000-7000-8000-000000000000") { id items { name } } }', 1],
  ['{ orders(first: 0) { totalCount nodes { id } } }', 10_001 + 1],
  ['query ($no: Boolean = false) { __typename orders @include(if: $no) { nodes { id } } }', 1],
  ['{ node(id: "customer:nobody-has-it") { ... on Order { id items { name } } ... on Customer { customerId } } }', 1],
  ['{ __schema { queryType { name } types { name } } }', null],
])('the actual cost of %s', async (query, expected) => {
  for (let time = 0; time < 2; time += 1) {
    const { errors, extensions } = await send(open.url, { query });
    expect(errors).toBeUndefined();
    const { requestedQueryCost = 0, actualQueryCost } = extensions?.cost ?? {};
    expect(actualQueryCost).toBe(expected ?? requestedQueryCost);
  }
});

test('a failed read costs what was requested, and a rejected request has no cost', async () => {
  const failed = await send(open.url, { query: '{ orders(first: 5, after: "x") { nodes { id } } }' });
  expect(failed.extensions?.cost).toMatchObject({ requestedQueryCost: 7, actualQueryCost: 7 });
  for (const query of ['{ unknown }', '{', '{ orders(first: 101) { nodes { id } } }']) {
    expect((await send(open.url, { query })).extensions).toBeUndefined();
  }
  const invalid = { query: 'query ($n: Int) { orders(first: $n) { nodes { id } } }', variables: { n: 'x' } };
  expect((await send(open.url, invalid)).extensions).toBeUndefined();
});

test('each viewer has a bucket, which pays the actual cost', async () => {
  const server = await serverForTest(database, withTokens);
  const [ann, bob] = [await bearer('ann'), await bearer('bob')];
  const query = '{ orders(first: 100) { nodes { id } } }';
  const first = await send(server.url, { query }, ann);
  const { actualQueryCost = 0, throttleStatus } = first.extensions?.cost ?? {};
  expect(throttleStatus).toEqual({
    maximumAvailable: 2_000,
    currentlyAvailable: 2_000 - actualQueryCost,
    restoreRate: 1,
  });
  const second = await send(server.url, { query }, ann);
  expect(second.extensions?.cost.throttleStatus.currentlyAvailable).toBe(2_000 - 2 * actualQueryCost);
  const other = await send(server.url, { query }, bob);
  expect(other.extensions?.cost.throttleStatus.currentlyAvailable).toBe(2_000 - actualQueryCost);
});

/** Costs half of the bucket. */
const SPEND = '{ orderStats { count } }';
/** Costs 902 points, because it fails. */
const FAIL =
  '{ orders(first: 100, after: "x") { nodes { id number status version createdAt updatedAt completedAt cancelledAt __typename } } }';

test('an empty bucket rejects requests as THROTTLED with the time to wait, before their body is read', async () => {
  const server = await serverForTest(database, withTokens);
  const ann = await bearer('ann');
  for (const query of [FAIL, SPEND]) expect((await send(server.url, { query }, ann)).status).not.toBe(429);
  const throttled = await send(server.url, { query: SPEND }, ann);
  expect([throttled.status, throttled.data, throttled.extensions]).toEqual([429, undefined, undefined]);
  const [error] = throttled.errors ?? [];
  const { code, retryAfterMs, cost } = (error?.extensions ?? {}) as unknown as {
    code: string;
    retryAfterMs: number;
    cost: Cost;
  };
  expect(code).toBe('THROTTLED');
  expect(retryAfterMs).toBeGreaterThan(0);
  expect(throttled.headers.get('retry-after')).toBe(String(Math.ceil(retryAfterMs / 1_000)));
  expect(cost).toMatchObject({ throttleStatus: { maximumAvailable: 2_000, restoreRate: 1 } });
  const head = ['POST /graphql HTTP/1.1', 'Host: HOST', `Authorization: ${ann.authorization}`];
  const unsent = await rawRequest(server.url, [...head, 'Content-Type: application/json', 'Content-Length: 1000']);
  await expect.poll(unsent.received).toContain('429 Too Many Requests');
  expect((await send(server.url, { query: '{ __typename }' }, await bearer('bob'))).status).toBe(200);
});

test.each(['known', 'unknown'])(
  'a request of a document that is %s, and costs more than is left, is rejected',
  async (kind) => {
    const server = await serverForTest(database, withTokens);
    const ann = await bearer('ann');
    const query = `{ orders(first: 100) { nodes { ${'id '.repeat(11)} } } }`;
    if (kind === 'known') await send(server.url, { query }, await bearer('bob'));
    await send(server.url, { query: SPEND }, ann);
    const { status, headers, data, errors } = await send(server.url, { query }, ann);
    expect([status, Number(headers.get('retry-after')) > 0, data]).toEqual([429, true, undefined]);
    expect(errors).toMatchObject([
      { extensions: { code: 'THROTTLED', cost: { requestedQueryCost: 1_102, throttleStatus: { restoreRate: 1 } } } },
    ]);
  },
);

test('the bucket is restored at its rate', async () => {
  const server = await serverForTest(database, { ...withTokens, RATE_LIMIT_RESTORE: '2000' });
  const ann = await bearer('ann');
  const statuses: number[] = [];
  const request = async () => statuses.push((await send(server.url, { query: SPEND }, ann)).status);
  await expect.poll(async () => (await request(), statuses)).toContain(429);
  await expect.poll(async () => (await request(), statuses.slice(statuses.indexOf(429)))).toContain(200);
});

test('invalid tokens and rejected documents empty the bucket too', async () => {
  const server = await serverForTest(database, withTokens);
  const headers = { authorization: 'Bearer invalid' };
  const statuses: number[] = [];
  for (let index = 0; index < 25; index += 1)
    statuses.push((await send(server.url, { query: '{ a }' }, headers)).status);
  expect([statuses[0], statuses.filter((status) => status === 401).length, statuses.at(-1)]).toEqual([401, 20, 429]);
  expect(await handshakeStatus(server.url)).toBe(429);

  const ann = await bearer('ann'); // a valid token has a bucket of its own
  const rejected: number[] = [];
  for (let index = 0; index < 15; index += 1) {
    rejected.push((await send(server.url, { query: `{ ${`unknown${index} `.repeat(10)} }` }, ann)).status);
  }
  expect([rejected[0], rejected.at(-1)]).toEqual([400, 429]);
});

test('without authentication, RATE_LIMIT=on limits each address behind trusted proxies', async () => {
  const env = { ...SLOW, RATE_LIMIT: 'on', AUTH_MODE: 'open', TRUSTED_PROXIES: '127.0.0.0/8, ::1' };
  const server = await serverForTest(database, env);
  const from = async (address: string) =>
    (await send(server.url, { query: SPEND }, { 'x-forwarded-for': address })).status;
  expect([await from('203.0.113.1'), await from('203.0.113.1'), await from('203.0.113.1')]).toEqual([200, 429, 429]);
  expect(await from('10.9.9.9, 203.0.113.1')).toBe(429);
  expect(await from('203.0.113.2')).toBe(200);
  expect([await from('2001:db8:1:2::1'), await from('2001:db8:1:2::ffff'), await from('2001:db8:1:2::2')]).toEqual([
    200, 429, 429,
  ]);
  const direct = await serverForTest(database, { ...env, TRUSTED_PROXIES: '' });
  const forwarded = { 'x-forwarded-for': '203.0.113.3' };
  await send(direct.url, { query: SPEND }, forwarded);
  await send(direct.url, { query: SPEND }, { 'x-forwarded-for': '203.0.113.4' });
  expect((await send(direct.url, { query: SPEND }, { 'x-forwarded-for': '203.0.113.5' })).status).toBe(429);
});

test('a subscription takes its requested cost when it begins, and is rejected as THROTTLED on its websocket', async () => {
  const server = await serverForTest(database, withTokens);
  const { authorization } = await bearer('ann');
  const { send: sendMessage, until } = await openWebsocket(server.url, { init: false });
  sendMessage({ type: 'connection_init', payload: { authorization } });
  await until(({ type }) => type === 'connection_ack');
  const query = `subscription { orderStatusChanged { order { items { ${'quantity '.repeat(4)} } } } }`;
  for (const id of ['1', '2', '3']) sendMessage({ type: 'subscribe', id, payload: { query } });
  const { id, payload } = await until(({ type }) => type === 'error');
  expect(id).toBe('3');
  const requestedQueryCost = 1 + 50 + 1 + 200 * 4;
  expect(payload).toMatchObject([
    {
      extensions: {
        code: 'THROTTLED',
        retryAfterMs: expect.any(Number) as number,
        cost: { requestedQueryCost, throttleStatus: { maximumAvailable: 2_000, restoreRate: 1 } },
      },
    },
  ]);
  const overHttp = await send(server.url, { query: '{ __typename }' }, { authorization });
  expect(overHttp.extensions?.cost.throttleStatus.currentlyAvailable).toBeLessThanOrEqual(
    2_000 - 2 * requestedQueryCost,
  );
});

test('a replay and a snapshot pay by page and event, and a replay waits until half of the bucket is restored', async () => {
  const after = await endOfLog(open, database);
  const { id } = await createdOrder(open);
  for (let version = 1; version < 8; version += 1)
    await updateOrder(open, { id, expectedVersion: version, notes: `${version}` });
  await sequenced(database);
  const server = await serverForTest(database, { ...AUTH_ENV, ...SLOW, RATE_LIMIT_RESTORE: '1000' });
  const ann = await bearer('ann');
  const available = async () =>
    (await send(server.url, { query: '{ __typename }' }, ann)).extensions?.cost.throttleStatus.currentlyAvailable ?? 0;
  const { send: sendMessage, until, messages } = await openWebsocket(server.url, { init: false });
  sendMessage({ type: 'connection_init', payload: ann });
  await until(({ type }) => type === 'connection_ack');
  const fields = `order { items { ${'quantity '.repeat(2)} } }`; // an event costs 1 + 50 + 1 + 200 * 2
  const begin = performance.now();
  const query = `subscription { orderChanged(orderId: "${id}", after: "${after}") { ${fields} } }`;
  sendMessage({ type: 'subscribe', id: 'replay', payload: { query } });
  const received = () => messages.filter((message) => message.id === 'replay' && message.type === 'next').length;
  await expect.poll(received).toBe(8);
  // 452 when it begins, 300 for the page and 8 * 452 for the events; the bucket has 2,000 at the start.
  expect(performance.now() - begin).toBeGreaterThan(452 + 300 + 8 * 452 - 2_000);
  expect(await available()).toBeLessThan(1_200);

  await send(server.url, { query: SPEND }, ann);
  const snapshot = `subscription { orderChanged(orderId: "${id}", snapshot: true) { version } }`;
  sendMessage({ type: 'subscribe', id: 'snapshot', payload: { query: snapshot } });
  const { payload } = await until((message) => message.id === 'snapshot');
  expect(payload).toMatchObject([{ extensions: { code: 'THROTTLED' } }]);
});

test('the websockets of one viewer are limited, and a closed one makes room', async () => {
  const server = await serverForTest(database, { ...AUTH_ENV, WEBSOCKETS_MAX_PER_VIEWER: '2' });
  const connect = async (sub: string) => {
    const websocket = await openWebsocket(server.url, { init: false });
    websocket.send({ type: 'connection_init', payload: await bearer(sub) });
    return websocket;
  };
  const acknowledged = async (sub: string) => {
    const websocket = await connect(sub);
    await websocket.until(({ type }) => type === 'connection_ack');
    return websocket;
  };
  const [first] = [await acknowledged('ann'), await acknowledged('ann')];
  expect(await (await connect('ann')).closed).toEqual({
    code: 4414,
    reason: 'A viewer must have at most 2 websockets',
  });
  await acknowledged('bob');
  first.socket.terminate();
  await first.closed;
  await expect
    .poll(async () =>
      acknowledged('ann').then(
        () => 'open',
        () => 'closed',
      ),
    )
    .toBe('open');
});
