import { createHash } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { createClient } from '../support/client.js';
import { createdOrder } from '../support/order-requests.js';
import { rawRequest } from '../support/raw-request.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';
import { openWebsocket, type Message } from '../support/websocket.js';

/* Ways around authentication and permissions that a request of unusual form could open. */

const server = useServer(useDatabase(), { ...AUTH_ENV, RATE_LIMIT: 'off' });

let [ann, staff] = ['', ''];
let orderOfBob = '';
beforeAll(async () => {
  [ann, staff] = await Promise.all([signToken({ sub: 'ann' }), signToken({ sub: 'sam', roles: ['staff'] })]);
  orderOfBob = (await createdOrder(createClient(server.url, staff), { customerId: 'bob' })).id;
});

async function send(token: string | null, body: string | null, search = '', headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}${search}`, {
    method: body === null ? 'GET' : 'POST',
    headers: {
      ...(body === null ? { 'apollo-require-preflight': '1' } : { 'content-type': 'application/json' }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body,
  });
  const text = await response.text();
  const { errors } = JSON.parse(text) as { errors?: { extensions: { code: string; field?: string } }[] };
  return { status: response.status, code: errors?.[0]?.extensions.code, field: errors?.[0]?.extensions.field, text };
}

const STATS = '{ orderStats { count } }';
const HARMLESS = '{ viewer { subject } }';
const CREATE = 'mutation ($i: CreateOrderInput!) { createOrder(input: $i) { userErrors { code } } }';
const CREATE_MANY = 'mutation ($i: CreateOrdersInput!) { createOrders(input: $i) { userErrors { code } } }';
const DISCOUNTED = '{"items": [], "discount": "1"}';
const request = (query: string, variables = '{}') => `{"query": ${JSON.stringify(query)}, "variables": ${variables}}`;

test.each([
  ['the last of two queries', `{"query": "${HARMLESS}", "query": "${STATS}"}`, 'Query.orderStats'],
  [
    'the last of two variables',
    `{"query": ${JSON.stringify(CREATE)}, "variables": {"i": {"items": []}}, "variables": {"i": ${DISCOUNTED}}}`,
    'CreateOrderInput.discount',
  ],
  [
    'the selected one of two operations',
    `{"query": "query A ${HARMLESS} query B ${STATS}", "operationName": "B"}`,
    'Query.orderStats',
  ],
  ['a skipped field', request('{ orderStats @skip(if: true) { count } __typename }'), 'Query.orderStats'],
  [
    'a field under a variable',
    request('query ($b: Boolean!) { orderStats @include(if: $b) { count } __typename }', '{"b": false}'),
    'Query.orderStats',
  ],
  ['an alias of an allowed field', request('{ viewer: orderStats { subject: count } }'), 'Query.orderStats'],
  [
    'an alias with the name of a prototype',
    request('{ __proto__: orderStats { constructor: count } }'),
    'Query.orderStats',
  ],
  ['a fragment named __proto__', request(`{ ...__proto__ } fragment __proto__ on Query ${STATS}`), 'Query.orderStats'],
  [
    'a fragment named constructor',
    request(`{ ...constructor } fragment constructor on Query ${STATS}`),
    'Query.orderStats',
  ],
  [
    'fragments on interfaces',
    request('{ node(id: "customer:ann") { ...A } } fragment A on Node { ... on Node { ... on Order { metadata } } }'),
    'Order.metadata',
  ],
  [
    'an object in place of a list',
    request(CREATE_MANY, `{"i": {"orders": ${DISCOUNTED}}}`),
    'CreateOrderInput.discount',
  ],
  [
    'an object in place of a nested list',
    request(CREATE, '{"i": {"items": {"unitPrice": 1}}}'),
    'OrderItemInput.unitPrice',
  ],
  ['null', request(CREATE, '{"i": {"items": [], "metadata": null}}'), 'CreateOrderInput.metadata'],
  [
    'a variable within a literal',
    request('mutation ($d: Decimal) { createOrder(input: {items: [], discount: $d}) { replayed } }'),
    'CreateOrderInput.discount',
  ],
  [
    'a default that a variable replaces',
    request(
      'mutation ($i: CreateOrderInput = {items: [], tax: 1}) { createOrder(input: $i) { replayed } }',
      '{"i": {"items": []}}',
    ),
    'CreateOrderInput.tax',
  ],
  [
    'a variable named __proto__',
    request(CREATE.replaceAll('$i', '$__proto__'), `{"__proto__": ${DISCOUNTED}}`),
    'CreateOrderInput.discount',
  ],
  [
    'a forbidden mutation after an allowed one',
    request(
      'mutation { createOrder(input: {items: []}) { replayed } deleteOrder(input: {id: "x"}) { deletedOrderId } }',
    ),
    'Mutation.deleteOrder',
  ],
])('a field is forbidden as %s', async (_what, body, field) => {
  for (let time = 0; time < 2; time += 1) {
    expect(await send(ann, body)).toMatchObject({ status: 403, code: 'FORBIDDEN', field }); // by Apollo, then known
  }
});

test.each([
  ['a batch', `[${request(HARMLESS)}, ${request(STATS)}]`],
  ['variables in the prototype of the variables', request(CREATE, `{"__proto__": {"i": ${DISCOUNTED}}}`)],
  ['fields in the prototype of an input', request(CREATE, `{"i": {"items": [], "__proto__": {"discount": "1"}}}`)],
  ['a query in the prototype of the body', `{"__proto__": {"query": "${HARMLESS}"}}`],
  ['a list as operationName', `{"query": "query A ${HARMLESS} query B ${STATS}", "operationName": ["B"]}`],
  ['variables as a text', request(HARMLESS, '"{}"')],
  ['variables as a list', request(HARMLESS, '[]')],
])('%s is rejected', async (_what, body) => {
  expect(await send(ann, body)).toMatchObject({ status: 400 });
});

test('a persisted query that staff has registered stays forbidden to customers, over POST and GET', async () => {
  const sha256Hash = createHash('sha256').update(STATS).digest('hex');
  const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash } });
  expect(await send(staff, `{"query": "${STATS}", "extensions": ${extensions}}`)).toMatchObject({ status: 200 });
  const byHash = `?extensions=${encodeURIComponent(extensions)}`;
  expect(await send(staff, null, byHash)).toMatchObject({ status: 200 });
  for (const response of [await send(ann, `{"extensions": ${extensions}}`), await send(ann, null, byHash)]) {
    expect(response).toMatchObject({ status: 403, code: 'FORBIDDEN', field: 'Query.orderStats' });
  }
  const disguised = `{"query": "${HARMLESS}", "extensions": ${extensions}}`;
  expect(await send(ann, disguised)).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
});

test('a token is read from one Authorization header only', async () => {
  const query = `?query=${encodeURIComponent(HARMLESS)}`;
  const unauthenticated = { status: 401, code: 'UNAUTHENTICATED' };
  for (const name of ['access_token', 'authorization', 'token']) {
    expect(await send(null, null, `${query}&${name}=${ann}`)).toMatchObject(unauthenticated);
    expect(await send(null, null, `${query}&extensions={"${name}":"${ann}"}`)).toMatchObject(unauthenticated);
  }
  for (const name of ['cookie', 'proxy-authorization', 'x-forwarded-authorization', 'sec-websocket-protocol']) {
    expect(await send(null, null, query, { [name]: `Bearer ${ann}` })).toMatchObject(unauthenticated);
  }
  const body = request(HARMLESS);
  const lines = ['POST /graphql HTTP/1.1', 'Host: HOST', 'Content-Type: application/json', 'Connection: close'];
  const both = [ann, staff].map((token) => `Authorization: Bearer ${token}`);
  const { ended } = await rawRequest(server.url, [...lines, ...both, `Content-Length: ${body.length}`], body);
  expect(await ended).toContain('401 Unauthorized');
});

test.each([
  'GET http://other/graphql?query={__typename}',
  'POST /%67raphql',
  'POST /graphql#x',
  'HEAD /graphql?query={__typename}',
  'POST //graphql',
  'POST /GRAPHQL',
  'POST /graphql/',
  'PUT /graphql',
  'TRACE /graphql',
])('%s runs nothing without a token', async (line) => {
  const body = request('{ __typename }');
  const head = [
    `${line} HTTP/1.1`,
    'Host: HOST',
    'Content-Type: application/json',
    'Apollo-Require-Preflight: 1',
    'Connection: close',
  ];
  const { ended } = await rawRequest(server.url, [...head, `Content-Length: ${body.length}`], body);
  const response = await ended;
  expect(response).toMatch(/^HTTP\/1.1 40[145] /);
  expect(response).not.toContain('"data"');
});

/** Sends the messages. @returns the close code, or null if the websocket is still open once `last` matches a message */
async function exchange(messages: readonly object[], last: (message: Message) => boolean) {
  const websocket = await openWebsocket(server.url, { init: false });
  for (const message of messages) websocket.send(message);
  const closed = websocket.closed.then(({ code }) => code);
  const code = await Promise.race([
    closed,
    websocket.until(last).then(
      () => null,
      () => closed,
    ),
  ]);
  return { code, messages: websocket.messages };
}

const init = (payload?: unknown) => ({ type: 'connection_init', ...(payload === undefined ? {} : { payload }) });
const subscribe = (query: string, more: object = {}) => ({ type: 'subscribe', id: '1', payload: { query, ...more } });

test.each([
  ['no connection_init', () => [subscribe('subscription { orderStatusChanged { id } }')], 4401],
  ['two of them', () => [init({ authorization: `Bearer ${ann}` }), init({ authorization: `Bearer ${staff}` })], 4429],
  ['no payload', () => [init()], 4403],
  ['a list as the token', () => [init({ authorization: [`Bearer ${ann}`] })], 4403],
  ['two tokens', () => [init({ authorization: `Bearer ${ann}`, Authorization: `Bearer ${staff}` })], 4403],
  ['a token in nested headers', () => [init({ headers: { authorization: `Bearer ${ann}` } })], 4403],
  ['a token in a prototype', () => [init(JSON.parse(`{"__proto__": {"authorization": "Bearer ${ann}"}}`))], 4403],
])('a websocket with %s is closed', async (_what, messages, code) => {
  expect(await exchange(messages(), () => false)).toMatchObject({ code });
});

test.each([
  ['an internal reason', 'subscription { orderStatusChanged { reason } }', {}, 'FORBIDDEN'],
  ['a query', STATS, {}, 'BAD_REQUEST'],
  [
    'a mutation beside a subscription',
    'subscription A { orderStatusChanged { id } } mutation B { deleteOrder(input: {id: "x"}) { deletedOrderId } }',
    { operationName: 'B' },
    'BAD_REQUEST',
  ],
  ['metadata of the order of the event', 'subscription { orderStatusChanged { order { metadata } } }', {}, 'FORBIDDEN'],
])('a subscription of a customer to %s is rejected', async (_what, query, more, code) => {
  const { messages } = await exchange(
    [init({ authorization: `Bearer ${ann}` }), subscribe(query, more)],
    ({ id }) => id === '1',
  );
  expect(messages.find(({ id }) => id === '1')).toMatchObject({ type: 'error', payload: [{ extensions: { code } }] });
});

test('a customer receives no event of the order of another one', async () => {
  const client = createClient(server.url, ann);
  const watching = await client.subscribe('subscription ($id: ID!) { orderStatusChanged(orderId: $id) { id } }', {
    id: orderOfBob,
  });
  await createClient(server.url, staff).get(
    'mutation ($id: ID!) { updateOrderStatus(input: {id: $id, status: CONFIRMED}) { changed } }',
    { id: orderOfBob },
  );
  const own = await client.subscribe('subscription { orderStatusChanged { id } }');
  await createdOrder(createClient(server.url, staff), { customerId: 'ann' });
  await own.until((seen) => seen.length === 1);
  expect(watching.seen).toEqual([]);
  await client.dispose();
});
