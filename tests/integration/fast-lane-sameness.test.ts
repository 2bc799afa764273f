import { buildSchema, OperationTypeNode, printSchema } from 'graphql';
import { randomInt, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Client } from 'pg';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { createSchema } from '../../src/graphql/schema.js';
import type { GraphQLError } from '../support/client.js';
import { databaseForTest, serverForTest, useDatabase, useServer } from '../support/fixture.js';
import { CREATE_ORDER, TEA, UPDATE_ORDER_STATUS } from '../support/order-documents.js';
import { createRandom } from '../support/random.js';
import { randomDocument } from '../support/sameness/random-document.js';
import { storeOrders, type StoredValues } from '../support/sameness/stored-orders.js';
import { allSequenced } from '../support/sequenced.js';
import { compareServers, post } from '../support/sameness/two-servers.js';

const DOCUMENTS = Number(process.env['SAMENESS_HTTP_DOCUMENTS'] ?? 80);
const FIRST_SEED = process.env['FC_SEED'] === 'random' ? randomInt(2 ** 30) : 20_261_121;

const database = useDatabase();
const LIMITS = { REQUEST_MAX_COST: '60000', RESPONSE_MAX_BYTES: '10000' };
const plain = useServer(database, { ...LIMITS, GRAPHQL_FAST_LANE: 'off' });
const withLane = useServer(database, { ...LIMITS, GRAPHQL_FAST_LANE: 'on' });
const { expectSame, fast } = compareServers(plain, withLane);

let values: StoredValues;
beforeAll(async () => {
  values = await storeOrders(plain);
  await allSequenced(database);
});

const schema = buildSchema(printSchema(createSchema()));

/** Fields whose value is the time of the request. */
const without = new Set(['asOf']);

test('random reads have the same response on the fast lane', async () => {
  const before = fast();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + DOCUMENTS; seed += 1) {
    const random = createRandom(seed);
    const options = { operation: OperationTypeNode.QUERY, depth: random.pick([2, 3, 4]), values, without };
    const { text, operationName, variables } = randomDocument(schema, random, options);
    for (const invalid of [0, 0, 0.1])
      await expectSame(post({ query: text, operationName, variables: variables(invalid) }));
    const cut = random.whole(text.length);
    await expectSame(
      post({ query: `${text.slice(0, cut)}${random.pick(['', '}', '$', '"', '\0'])}${text.slice(cut + 1)}` }),
    );
  }
  const answered = fast() - before;
  process.stdout.write(`sameness over HTTP, seed ${FIRST_SEED}: ${answered} requests on the fast lane\n`);
  // Of nine for each document. If each document is known before its request, Apollo answers more requests.
  if (process.env['TEST_KNOWN_DOCUMENTS'] !== 'on') expect(answered).toBeGreaterThan(2 * DOCUMENTS);
}, 600_000);

const QUERY =
  'query Orders($first: Int, $customerId: String) { orders(first: $first, customerId: $customerId) { nodes { id items { name } } } }';
const DEEP = `{ order(id: "${randomUUID()}") ${'{ customer { orders { nodes '.repeat(12)}{ id }${' } } }'.repeat(12)} }`;
const ID = 'query ($id: ID!) { order(id: $id) { id } }';

const BODIES: readonly unknown[] = [
  null,
  [],
  5,
  true,
  [{ query: QUERY }],
  {},
  '',
  '{',
  '{"query":',
  '"{ __typename }"',
  ...[null, 5, true, [], {}, '', ' ', '{', '#'].map((query) => ({ query })),
  ...[null, {}, [], '', '{}', 5, true, [1], { first: '2' }, { first: 2 ** 40 }, { first: 1.5 }, { first: true }].map(
    (variables) => ({ query: QUERY, variables }),
  ),
  ...[{ first: -1 }, { first: 101 }, { first: [1] }, { first: {} }, { unknown: 1 }, { customerId: 5 }].map(
    (variables) => ({
      query: QUERY,
      variables,
    }),
  ),
  ...[
    {},
    { id: null },
    { id: 5 },
    { id: 'x' },
    { id: [] },
    { id: 'a\0b' },
    { id: '\uD800' },
    { id: 'x'.repeat(60_000) },
  ].map((variables) => ({ query: ID, variables })),
  `{"query":${JSON.stringify(ID)},"variables":{"id":"\\ud800"}}`,
  `{"query":${JSON.stringify(ID)},"variables":{"id":"x"},"variables":{"id":"y"}}`,
  `{"query":${JSON.stringify(ID)},"variables":{"__proto__":{"id":"x"}}}`,
  { query: QUERY, variables: { customerId: null } },
  { query: QUERY, variables: { unused: 'a\0b' } },
  { query: QUERY, variables: { constructor: 1, toString: 2 } },
  { query: 'query ($id: ID = "a\\u0000b") { node(id: $id) { id } }' },
  { query: 'query ($n: String! = "a\\u0000b") { orderByNumber(number: $n) { id } }' },
  { query: '{ __type(name: "a\\u0000b") { name } }' },
  { query: '{ orderByNumber(number: "a\\u0000b") { id } }' },
  { query: 'query ($a: Boolean = true) { __typename @skip(if: $a) }', variables: { a: null } },
  ...[null, '', 'Orders', 'Unknown', 5, [], {}, true, '__proto__', 'constructor'].map((operationName) => ({
    query: QUERY,
    operationName,
  })),
  ...[undefined, '', 'A', 'B', 'C'].map((operationName) => ({
    query:
      'query A { __typename } query B { a: __typename } mutation C { updateOrder(input: { id: "x" }) { changed } }',
    operationName,
  })),
  ...[null, {}, [], 'text', 5, { persistedQuery: null }, { persistedQuery: { version: 1, sha256Hash: 'x' } }].map(
    (extensions) => ({ query: QUERY, extensions }),
  ),
  { query: QUERY, id: 'other members', documentId: 5 },
  { query: QUERY, variables: { first: 100 } }, // larger than RESPONSE_MAX_BYTES
  {
    query: `{ ${Array.from({ length: 40 }, (_, at) => `a${at}: orders(first: 100) { totalCount nodes { id } }`).join(' ')} }`,
  },
  { query: DEEP },
  { query: 'subscription { orderStatusChanged { id } }' },
  { query: 'mutation { createOrder(input: { items: [] }) { userErrors { code message field } } }' },
  { query: '{ unknown }' },
  { query: '{ __schema { queryType { name } } }' },
  { query: 'query ($__proto__: Int = 3) { orders(first: $__proto__) { nodes { id } } }' },
  { query: '{ __typename }' },
];

test('malformed and rejected bodies have the same response on the fast lane', async () => {
  for (const body of BODIES) await expectSame(post(body));
});

test('a request of an unknown operation is rejected and stores nothing', async () => {
  const id = randomUUID();
  const query = CREATE_ORDER.replace('mutation', 'mutation Create');
  const variables = { input: { id, items: [TEA] } };
  for (const text of [CREATE_ORDER, query]) {
    for (const operationName of ['Unknown', '']) {
      const request = post({ query: text, operationName, variables });
      await expectSame(request);
      const response = await fetch(withLane.url, request);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain(`Unknown operation named \\"${operationName}\\".`);
    }
  }
  expect(await withLane.get('query ($id: ID!) { order(id: $id) { id } }', { id })).toEqual({ order: null });
});

const ACCEPTS = [
  '*/*',
  'application/json',
  'application/graphql-response+json',
  'application/graphql-response+json; charset=utf-8, application/json;q=0.9',
  'application/json;q=0.5, application/graphql-response+json;q=0.4',
  'application/json; charset=latin1',
  'text/html',
  'text/html, */*;q=0.1',
  'multipart/mixed',
  '',
  ';;',
  'application/*',
  'application/json;q=0',
];
const CONTENT_TYPES = [
  'application/json; charset=utf-8',
  'application/json; charset=latin1',
  'APPLICATION/JSON',
  'application/graphql+json',
  'application/graphql',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'x',
];

test('every Accept and Content-Type has the same response on the fast lane', async () => {
  const bodies = [
    { query: '{ __typename }' },
    { query: ID, variables: {} },
    { query: ID, variables: { id: 'x' } },
    { query: '{' },
  ];
  for (const body of bodies) {
    for (const accept of ACCEPTS) await expectSame(post(body, { accept }));
    for (const type of CONTENT_TYPES) await expectSame(post(body, { 'content-type': type }));
  }
});

test('other methods, origins and paths have the same response on the fast lane', async () => {
  const document = encodeURIComponent('{ __typename }');
  const body = { query: '{ __typename }' };
  for (const headers of [{}, { 'apollo-require-preflight': 'true' }]) {
    for (const search of [
      `?query=${document}`,
      '?query=',
      '',
      `?query=${document}&variables=5`,
      `?query=${document}&operationName=A`,
    ])
      await expectSame({ method: 'GET', headers, search });
  }
  for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD']) await expectSame({ method });
  for (const from of ['https://example.com', 'http://localhost:3000', 'https://[::1]', 'null'])
    await expectSame(post(body, { origin: from }));
  await expectSame({ ...post(body), search: `?query=${document}` });
  await expectSame({ ...post(body), search: '/' });
  await expectSame(post(body, { 'x-forwarded-for': '10.0.0.1' }));
  await expectSame(post(body, { authorization: 'Bearer token' }));
});

test('writes have the same response on the fast lane', async () => {
  const { createOrder } = await plain.get<{ createOrder: { order: { id: string } } }>(CREATE_ORDER, {
    input: { id: randomUUID(), items: [TEA] },
  });
  const { id } = createOrder.order;
  const stored = { id, items: [TEA] };
  await expectSame(post({ query: CREATE_ORDER, variables: { input: stored } }));
  const inputs = [
    { ...stored, notes: 'a mismatch' },
    { ...stored, id: 'x' },
    { ...stored, items: [] },
    { ...stored, items: [{ ...TEA, quantity: 0 }] },
    { ...stored, currency: null },
    { ...stored, unknown: 1 },
    { items: [{ ...TEA, unitPrice: 1e300 }] },
    { items: [TEA], metadata: { text: 'a\0b' } },
  ];
  for (const input of inputs) await expectSame(post({ query: CREATE_ORDER, variables: { input } }));
  const create = () => post({ query: CREATE_ORDER, variables: { input: { id: randomUUID(), items: [TEA] } } });
  await expectSame(create(), { renewed: create });
  const changes = [
    { id, status: 'DELIVERED' },
    { id, status: 'NONE' },
    { id, status: 'PENDING' },
    { id: randomUUID(), status: 'CONFIRMED' },
  ];
  for (const input of changes) await expectSame(post({ query: UPDATE_ORDER_STATUS, variables: { input } }));
  const several = `mutation ($id: ID!) {
    a: cancelOrder(input: { id: $id }) { changed userErrors { code } }
    b: updateOrder(input: { id: "x" }) { order { id } }
    c: deleteOrder(input: { id: $id, expectedVersion: 7 }) { userErrors { __typename code } }
  }`;
  await plain.request(several, { id });
  await expectSame(post({ query: several, variables: { id } }));
});

test('bodies of other encodings and sizes have the same response on the fast lane', async () => {
  const text = JSON.stringify({ query: '{ __typename }' });
  for (const encoding of ['gzip', 'identity', 'x']) await expectSame(post(text, { 'content-encoding': encoding }));
  await expectSame({ ...post(''), body: gzipSync(text) });
  await expectSame(post(`\uFEFF${text}`));
  await expectSame(post(`${text}${' '.repeat(1_000_000)}`));
  await expectSame({ ...post(''), body: Buffer.from(text.replace('typename', 'typename \u00e9'), 'latin1') });
});

test('an unexpected failure has the same response on the fast lane', async () => {
  const own = await databaseForTest();
  const servers = compareServers(
    await serverForTest(own, { GRAPHQL_FAST_LANE: 'off' }),
    await serverForTest(own, { GRAPHQL_FAST_LANE: 'on' }),
  );
  const requests = [
    post({ query: ID, variables: { id: randomUUID() } }),
    post({ query: '{ orders { nodes { id } } __typename orderStats { count } }' }),
    post({ query: CREATE_ORDER, variables: { input: { id: randomUUID(), items: [TEA] } } }),
  ];
  for (const request of requests.slice(0, 2)) await servers.expectSame(request);
  await own.sql('ALTER TABLE orders RENAME COLUMN version TO other');
  for (const request of requests) await servers.expectSame(request);
});

test('a read beyond its deadline has the same response on the fast lane', async () => {
  const env = { REQUEST_DEADLINE_MS: '200' };
  const slowPlain = await serverForTest(database, { ...env, GRAPHQL_FAST_LANE: 'off' });
  const slowLane = await serverForTest(database, env);
  const requests = [
    { query: ID, variables: { id: randomUUID() } },
    { query: '{ orders { nodes { id } } __typename }' },
  ];
  for (const { query } of requests) await slowLane.request(query, {}); // known, even if its variables are not valid
  const client = new Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query('BEGIN');
  await client.query('LOCK TABLE orders');
  for (const request of requests) {
    const send = async ({ url }: { readonly url: string }) => {
      const response = await fetch(url, post(request));
      const { data, errors } = (await response.json()) as { data: unknown; errors: readonly GraphQLError[] };
      const failures = errors.map(({ path, extensions }) => ({ path, extensions }));
      return { status: response.status, retryAfter: response.headers.get('retry-after'), data, failures };
    };
    expect(await send(slowLane)).toEqual(await send(slowPlain));
  }
});
