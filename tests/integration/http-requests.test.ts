import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getIntrospectionQuery } from 'graphql';
import { expect, onTestFinished, test } from 'vitest';
import { serverForTest, useDatabase, useServer } from '../support/fixture.js';
import { CREATE_ORDER, TEA } from '../support/order-documents.js';
import { createOrder } from '../support/order-requests.js';
import { rawRequest } from '../support/raw-request.js';

const database = useDatabase();
const server = useServer(database);

async function post(body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}

const JSON_TYPE = 'application/json; charset=utf-8';
const GRAPHQL_TYPE = 'application/graphql-response+json; charset=utf-8';

test('a subscription with a conditional root field is rejected over HTTP; other operations are accepted', async () => {
  const root = 'orderStatusChanged @skip(if: $no) { version }';
  const query = `subscription ($no: Boolean!) { ${root} }`;
  const response = await server.request(query);
  expect(response).toMatchObject({ status: 400, errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
  expect(response.errors?.[0]?.message).toContain('@skip');
  const other = await server.request('query subscription { orders(first: 1) @skip(if: true) { nodes { id } } }');
  expect(other).toMatchObject({ status: 200, data: {} });
});

test.each([
  ['application/json', JSON_TYPE],
  ['APPLICATION/JSON', JSON_TYPE],
  ['application/json;charset=utf-8', JSON_TYPE],
  ['application/json; charset="UTF-8"', JSON_TYPE],
  ['application/json;charset=utf8', JSON_TYPE],
  ['application/json;charset=latin1', null],
  ['application/json;charset=latin1, application/graphql-response+json', GRAPHQL_TYPE],
  ['application/json;q=0', null],
  ['application/json;q=0.0', null],
  ['*/*;q=0', null],
  ['application/*;q=0', null],
  ['*/*', JSON_TYPE],
  ['application/*', JSON_TYPE],
  ['', JSON_TYPE],
  ['application/json;q=0, */*', GRAPHQL_TYPE],
  ['application/json;q=0, application/graphql-response+json;q=0, */*', null],
  ['application/*;q=0, application/json', JSON_TYPE],
  ['application/graphql-response+json, application/json;q=0.9', GRAPHQL_TYPE],
  ['application/graphql-response+json;q=0.5, application/json;q=0.9', JSON_TYPE],
  ['application/graphql-response+json, application/json', GRAPHQL_TYPE],
  ['text/html, */*;q=0.1', JSON_TYPE],
  ['application/json;profile="a,b;q=0"', JSON_TYPE],
  ['application/json;q=banana', null],
  ['application/json ; q=0.5', JSON_TYPE],
  ['application/jsonp', null],
  ['text/html', null],
  ['text/event-stream', null],
  ['multipart/mixed', null],
  ['multipart/mixed;deferSpec=20220824, application/json', JSON_TYPE],
])('Accept %j returns %j, and nothing is stored with status 406', async (accept, type) => {
  const notes = `accept [${accept}]`;
  const body = JSON.stringify({ query: CREATE_ORDER, variables: { input: { items: [TEA], notes } } });
  const response = await post(body, { accept });
  const rows = await database.sql('SELECT 1 FROM orders WHERE notes = $1', [notes]);
  if (type === null) {
    expect([response.status, rows.length]).toEqual([406, 0]);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_ACCEPTABLE' } }] });
  } else {
    expect([response.status, response.headers.get('content-type'), rows.length]).toEqual([200, type, 1]);
    expect(await response.json()).toMatchObject({ data: { createOrder: { order: { status: 'PENDING' } } } });
  }
});

test.each([
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 303],
  ['text/html;q=0, application/json', 200],
  ['application/json, text/html;q=0.5', 200],
])('GET with Accept %j returns %d', async (accept, status) => {
  const url = `${server.url}?query=%7B__typename%7D`;
  const headers = { accept, 'apollo-require-preflight': 'true' };
  expect((await fetch(url, { headers, redirect: 'manual' })).status).toBe(status);
});

const LARGE = 'x'.repeat(20_000);

interface Failure {
  readonly errors: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

test.each([
  ['{"query":', 400, 'BAD_REQUEST', /^The body is not valid JSON/],
  ['', 400, 'BAD_REQUEST', /^The body is empty/],
  ['[]', 400, 'BAD_REQUEST', /batching/],
  ['{}', 400, 'BAD_REQUEST', /POST body missing/],
])('the body %j returns %d with the reason', async (body, status, code, message) => {
  const response = await post(body);
  const { errors } = (await response.json()) as Failure;
  expect([response.status, errors[0]?.extensions.code]).toEqual([status, code]);
  expect(errors[0]?.message).toMatch(message);
});

test.each([
  ['GET /% HTTP/1.1', 400, 'BAD_REQUEST', /URL/],
  ['PUT /graphql HTTP/1.1', 405, 'METHOD_NOT_ALLOWED', /GET and POST/],
  ['GET /unknown HTTP/1.1', 404, 'NOT_FOUND', /nothing at \/unknown/],
  ['POST /graphql HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 0', 415, 'UNSUPPORTED_MEDIA_TYPE', /json/],
  [
    'POST /graphql HTTP/1.1\r\nContent-Type: application/xml\r\nContent-Length: 0',
    415,
    'UNSUPPORTED_MEDIA_TYPE',
    /json/,
  ],
  [`GET /health HTTP/1.1\r\nX-Large: ${LARGE}`, 431, 'BAD_REQUEST', /headers/],
  ['GET /health HTTP/9.9', 400, 'BAD_REQUEST', /HTTP/],
])('%j returns %d with an error in the GraphQL format', async (line, status, code, message) => {
  const { ended } = await rawRequest(server.url, [line, 'Host: HOST', 'Connection: close']);
  const [head = '', body = ''] = (await ended).split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  const { errors } = JSON.parse(body) as Failure;
  expect(errors[0]?.extensions.code).toBe(code);
  expect(errors[0]?.message).toMatch(message);
  expect(errors[0]?.message).not.toContain('not valid JSON');
});

test('a __proto__ key in metadata is kept, or named in the rejection', async () => {
  const metadata = '{"__proto__": {"polluted": true}, "constructor": {"prototype": 1}}';
  const query =
    'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { metadata } userErrors { message } } }';
  const variables = `{"input": {"items": [${JSON.stringify(TEA)}], "metadata": ${metadata}}}`;
  const response = await post(`{"query": ${JSON.stringify(query)}, "variables": ${variables}}`);
  const text = await response.text();
  expect(response.status).toBe(200);
  expect(text).toContain('__proto__');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test.each([
  ['selections', `{ ${'a { '.repeat(1_000)} b ${'}'.repeat(1_000)} }`],
  ['unclosed selections', '{a'.repeat(2_000)],
  ['lists', `{ order(id: ${'['.repeat(2_000)}${']'.repeat(2_000)}) { id } }`],
  ['objects', `mutation { createOrder(input: ${'{a:'.repeat(1_000)}1${'}'.repeat(1_000)}) { replayed } }`],
])('a document with deeply nested %s is a client error', async (_what, query) => {
  const response = await server.request(query);
  expect(response).toMatchObject({ status: 400, errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
  expect(response.errors?.[0]?.message).toMatch(/nested at most 200 levels/);
  const overWebsocket = await server.subscribe(query);
  await overWebsocket.ended;
  expect(overWebsocket.errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
});

test.each([
  [
    'a chain of fragments',
    `{ ...F0 } ${Array.from({ length: 40 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} }`).join(' ')} fragment F40 on Query { __typename }`,
  ],
  ['brackets in a text', `{ order(id: "${'{'.repeat(3_000)}") { id } }`],
])('%s does not count as depth', async (_what, query) => {
  const response = await server.request(query);
  expect(response.errors?.[0]?.extensions.code ?? 'none').not.toMatch(/INTERNAL|VALIDATION/);
});

test.each(['\0', '\uD800', '\uDC00x'])(
  'the text %j, which PostgreSQL cannot store, is rejected in every variable',
  async (text) => {
    const variables = JSON.stringify({ input: { items: [TEA], notes: `a${text}b` } });
    const response = await post(`{"query": ${JSON.stringify(CREATE_ORDER)}, "variables": ${variables}}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT', argument: 'input.notes' } }],
    });
  },
);

test.each(['\\u0000', '\\uD800', '\\uDC00x'])(
  'the text %s, which PostgreSQL cannot store, is rejected in every literal',
  async (text) => {
    for (const query of [
      `mutation { createOrder(input: {items: [{name: "Tea", unitPrice: "1"}], notes: "a${text}"}) { replayed } }`,
      `{ orderByExternalReference(customerId: "a${text}", externalReference: "b") { id } }`,
      `{ orders(where: {customerId: "${text}"}) { nodes { id } } }`,
    ]) {
      const response = await server.request(query);
      expect(response).toMatchObject({
        status: 400,
        errors: [{ extensions: { code: expect.stringMatching(/BAD_USER_INPUT|GRAPHQL_PARSE_FAILED/) as string } }],
      });
    }
  },
);

test.each(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'])(
  'a request forwarded with %s is rejected',
  async (header) => {
    expect((await post('{"query":"{ __typename }"}', { [header]: '127.0.0.1' })).status).toBe(403);
  },
);

test('an order is not stored if its client disconnects before the write', async () => {
  const priceRequest = Promise.withResolvers<ServerResponse>();
  const products = createServer((_request, response) => priceRequest.resolve(response));
  await new Promise<void>((resolve) => products.listen(0, '127.0.0.1', resolve));
  const { port } = products.address() as AddressInfo;
  const server = await serverForTest(database, {
    PRODUCT_SERVICE_URL: `http://127.0.0.1:${port}`,
    PRODUCT_SERVICE_TIMEOUT_MS: '20000',
    PRODUCT_SERVICE_BATCH: 'off',
  });
  onTestFinished(async () => {
    products.closeAllConnections();
    await new Promise((resolve) => products.close(resolve));
  });
  const productId = '0198a6c0-5f0e-7a3b-9c1d-2e4f60718293';
  const body = JSON.stringify({
    query: CREATE_ORDER,
    variables: { input: { items: [{ productId }], notes: 'disconnected' } },
  });
  const head = [
    'POST /graphql HTTP/1.1',
    'Host: HOST',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  const { socket } = await rawRequest(server.url, head, body);
  const priceResponse = await priceRequest.promise; // the request waits for its price
  socket.destroy();
  for (let round = 0; round < 3; round += 1) await fetch(new URL('/health', server.url)); // the server has processed the disconnection
  priceResponse.end(JSON.stringify({ id: productId, name: 'Green tea', price: '4.20', currency: 'USD' }));
  await createOrder(server, { notes: 'after' }); // a later write is committed
  expect(await database.sql("SELECT notes FROM orders WHERE notes IN ('disconnected', 'after')")).toEqual([
    { notes: 'after' },
  ]);
});

test('every response has the correlation id of the request, also if the URL is malformed', async () => {
  for (const path of ['/%', '/health', '/unknown']) {
    const response = await fetch(server.url.replace('/graphql', path), {
      headers: { 'x-request-id': 'mine-1' },
    });
    expect([path, response.headers.get('x-request-id')]).toEqual([path, 'mine-1']);
  }
});

test.each([
  ['text', ' '.repeat(100_001), '100000 characters'],
  ['lines', '\n'.repeat(1_001), '1000 lines and comments'],
  ['comments', '# \n'.repeat(501), '1000 lines and comments'],
])('a document with too much %s is rejected before parsing', async (_what, filling, rule) => {
  const response = await server.request(`{ ${filling} __typename }`);
  expect(response).toMatchObject({ status: 400, errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
  expect(response.errors?.[0]?.message).toContain(rule);
});

test('a too large page is reported once', async () => {
  const nested = Array.from({ length: 50 }, (_, index) => `h${index}: history(first: 101) { __typename }`);
  const response = await server.request(`{ orders(first: 100) { nodes { ${nested.join(' ')} } } }`);
  expect(response).toMatchObject({ status: 400, errors: [{ message: 'first must be from 0 to 100; it is 101.' }] });
  expect(response.errors).toHaveLength(1);
});

test('null in a nullable variable of a non-null argument is a client error', async () => {
  await createOrder(server);
  const query =
    'query ($d: SortDirection = ASC) { orders(orderBy: {field: CREATED_AT, direction: $d}) { nodes { id } } }';
  const { errors } = await server.request(query, { d: null });
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(server.logged.filter(({ level }) => Number(level) >= 50)).toEqual([]);
});

test('the connection of a client that pipelines too many requests is closed', async () => {
  const { ended, received, socket } = await rawRequest(server.url, []);
  socket.write(`GET /health HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\n\r\n`.repeat(200));
  await ended;
  expect(received().match(/HTTP\/1.1 200/g)?.length ?? 0).toBeLessThan(100);
});

test('the connection of a client that does not read its responses is closed', async () => {
  const body = JSON.stringify({ query: getIntrospectionQuery() }); // a response of 100 KB
  const head = [
    'POST /graphql HTTP/1.1',
    'Host: HOST',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  const { ended, received, socket } = await rawRequest(server.url, head, body);
  await expect.poll(() => received().length).toBeGreaterThan(50_000);
  socket.pause();
  const request = `${head.join('\r\n').replace('HOST', new URL(server.url).host)}\r\n\r\n${body}`;
  socket.write(request.repeat(200)); // 20 MB of responses, more than the socket buffers
  const writing = setInterval(() => socket.write('\n'), 100); // fails after the server has closed the connection
  await ended;
  clearInterval(writing);
});

test('an object with too many keys is rejected before coercion', async () => {
  const keys = Object.fromEntries(Array.from({ length: 2_501 }, (_, index) => [`key${index}`, 1]));
  const query = 'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { replayed } }';
  for (const [variables, name] of [
    [{ input: keys }, 'input'],
    [{ input: { items: [TEA], metadata: { inner: keys } } }, 'input.metadata.inner'],
    [keys, 'variables'],
  ] as const) {
    const { status, errors } = await server.request(query, variables);
    const message = `${name} must have at most 2500 keys; it has 2501.`;
    expect([status, errors]).toMatchObject([400, [{ message, extensions: { code: 'BAD_USER_INPUT' } }]]);
  }
});

test.each(['history(after: "x")', 'customer', 'customer { orders(after: "x") }'])(
  'a request with thousands of calls of %s is rejected',
  async (field) => {
    const [, call = '', rest = ''] = /^(\w+(?:\([^)]*\))?)(.*)$/.exec(field) ?? [];
    const aliases = Array.from(
      { length: 99 },
      (_, index) => `a${index}: ${call}${rest.replace(/}$/, '{ __typename } }') || ' { __typename }'}`,
    );
    const response = await server.request(`{ orders(first: 100) { nodes { ${aliases.join(' ')} } } }`);
    expect(response).toMatchObject({
      status: 400,
      errors: [{ extensions: { code: 'BAD_USER_INPUT', maxCost: 500_000 } }],
    });
  },
);

test('a Content-Type that is expensive to parse is rejected', async () => {
  const { ended } = await rawRequest(
    server.url,
    [
      'POST /graphql HTTP/1.1',
      'Host: HOST',
      `Content-Type: application/json;${' '.repeat(200)}a=b`,
      'Content-Length: 2',
      'Connection: close',
    ],
    '{}',
  );
  expect(await ended).toMatch(/^HTTP\/1.1 415 /);
});

test('a client that disconnects during its request body is not logged as a failure', async () => {
  const server = await serverForTest(database);
  const { socket } = await rawRequest(
    server.url,
    ['POST /graphql HTTP/1.1', 'Host: HOST', 'Content-Type: application/json', 'Transfer-Encoding: chunked'],
    '5\r\n{"que\r\n',
  );
  await server.get('{ __typename }');
  socket.resetAndDestroy();
  await server.close();
  expect(server.logged).toEqual([]);
});

test('a body of very many chunks is rejected', async () => {
  const piece = '1\r\n \r\n'.repeat(20_100);
  const { ended } = await rawRequest(
    server.url,
    ['POST /graphql HTTP/1.1', 'Host: HOST', 'Content-Type: application/json', 'Transfer-Encoding: chunked'],
    `${piece}0\r\n\r\n`,
  );
  expect(await ended).toMatch(/^HTTP\/1.1 413 /);
});
