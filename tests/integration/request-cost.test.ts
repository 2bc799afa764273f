import { getIntrospectionQuery } from 'graphql';
import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { CREATE_ORDER, TEA } from '../support/order-documents.js';
import { createdOrder, createOrder } from '../support/order-requests.js';

const database = useDatabase();
const server = useServer(database, { RESPONSE_MAX_BYTES: '50000' });

/** The extensions of the error that rejects a request. */
async function rejection(query: string, variables: object = {}): Promise<Record<string, unknown>> {
  const { status, data, errors } = await server.request(query, variables);
  expect(data).toBeUndefined();
  expect(status).toBe(400);
  expect(errors).toHaveLength(1);
  expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  return errors?.[0]?.extensions ?? {};
}

const tooExpensive = { cost: expect.any(Number) as number, maxCost: 500_000 };

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');

test('the introspection queries of common clients and playgrounds are accepted', async () => {
  const everything = {
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  };
  for (const options of [{}, everything, { ...everything, descriptions: false }]) {
    const { errors } = await server.request(getIntrospectionQuery(options));
    const codes = errors?.map(({ extensions }) => extensions['maxBytes']); // too large for the token limit, not too expensive
    expect(codes ?? [50_000]).toEqual([50_000]);
  }
});

test('the cost of aliased fragments on the schema is multiplied and rejected', async () => {
  const level = (index: number) =>
    `fragment F${index} on __Type { ${times(6, (alias) => `a${alias}: fields { type { ...G${index} } }`)} }`;
  const query = `{ __schema { types { ...F0 } } } ${level(0)} fragment G0 on __Type { ${times(20, (alias) => `n${alias}: name description`)} possibleTypes { ...H } }
    fragment H on __Type { ${times(20, (alias) => `f${alias}: enumValues { name description }`)} }`;
  expect(await rejection(query)).toMatchObject(tooExpensive);
});

test.each([
  ['150 exact counts', `{ ${times(75, (i) => `a${i}: orders(first: 0) { totalCount } `)} }`],
  ['75 counts of a million', `{ ${times(75, (i) => `a${i}: orders(first: 0) { count(limit: 1000000) { value } } `)} }`],
  [
    'exact counts of every customer of a page',
    '{ orders(first: 100) { nodes { customer { orders(first: 0) { totalCount } } } } }',
  ],
  ['99 statistics of one customer', `{ ${times(99, (i) => `a${i}: orderStats(customerId: "${i}") { count }`)} }`],
  [
    'a page of orders within a page',
    '{ orders(first: 100) { nodes { customer { orders(first: 100) { nodes { items { name } } } } } } }',
  ],
  [
    'the user errors of a batch, with the items of their orders',
    'mutation ($input: CreateOrdersInput!) { createOrders(input: $input) { results { userErrors { ... on VersionConflictError { order { items { name } } } } } } }',
  ],
])('%s are rejected before any read', async (_what, query) => {
  const input = { orders: [{ items: [TEA] }] };
  const variables = query.includes('$input') ? { input } : {};
  expect(await rejection(query, variables)).toMatchObject(tooExpensive);
});

/** The message of the error that rejects a document. */
async function documentProblem(query: string): Promise<string | undefined> {
  const { status, errors } = await server.request(query);
  expect([status, errors?.[0]?.extensions.code]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
  return errors?.[0]?.message;
}

test('150 exact counts exceed the limit of root fields', async () => {
  const query = `{ ${times(150, (i) => `a${i}: orders(first: 0) { totalCount }`)} }`;
  expect(await documentProblem(query)).toContain('at most 100 fields at its root');
  const spread = `{ ...F ...F } fragment F on Query { ${times(60, (i) => `a${i}: __typename`)} }`;
  expect(await documentProblem(spread)).toContain('at most 100 fields at its root');
  expect((await server.request(`{ ${times(100, (i) => `a${i}: __typename`)} }`)).errors).toBeUndefined();
});

test('the number of fields of an operation is limited, regardless of their cost', async () => {
  const query = `{ orders(first: 1) { nodes { ${times(1_001, () => 'id')} } } }`;
  expect(await documentProblem(query)).toContain('at most 1000 fields');
});

test('the cost of nodes is multiplied by the number of ids', async () => {
  const { id } = await createdOrder(server);
  const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { ${times(30, (i) => `... on Order { a${i}: items { name } }`)} } }`;
  expect(await rejection(query, { ids: Array.from({ length: 100 }, () => id) })).toMatchObject(tooExpensive);
  expect((await server.request(query, { ids: [id] })).errors).toBeUndefined();
});

test('a list far above every limit is rejected before it is read, regardless of its uses', async () => {
  const query = (aliases: number) =>
    `mutation ($items: [OrderItemInput!]!) {
      ${times(aliases, (i) => `a${i}: createOrder(input: { items: $items }) { userErrors { code } }`)} }`;
  const items = Array.from({ length: 300_000 }, () => ({}));
  expect(await rejection(query(8), { items })).toMatchObject({ argument: 'items' });
  expect(await rejection(query(11), { items: items.slice(0, 10_000) })).toMatchObject({ maxCost: 500_000 });
});

test('a long list is rejected with the rule of its field', async () => {
  const result = await createOrder(server, { items: Array.from({ length: 10_000 }, () => TEA) });
  expect(result.userErrors).toMatchObject([{ code: 'LIMIT_EXCEEDED', field: ['input', 'items'] }]);
});

test('only the first fifty user errors are returned', async () => {
  const result = await createOrder(server, { items: Array.from({ length: 200 }, () => ({ ...TEA, quantity: 0 })) });
  expect(result.userErrors).toHaveLength(50);
  expect(result.userErrors[0]?.field).toEqual(['input', 'items', '0', 'quantity']);
});

const long = 'x'.repeat(900_000);

test.each([
  ['orderByExternalReference(customerId: "", externalReference: $text)', 'externalReference', 128],
  ['orderByExternalReference(customerId: $text, externalReference: "r")', 'customerId', 128],
  ['customer(customerId: $text)', 'customerId', 128],
  ['orderByNumber(number: $text)', 'number', 40],
])('%s has a limited length', async (field, argument, limit) => {
  const query = `query ($text: String!) { ${field} { id } }`;
  const { status, errors } = await server.request(query, { text: 'x'.repeat(limit + 1) });
  expect([status, errors?.[0]?.extensions]).toEqual([400, { code: 'BAD_USER_INPUT', argument }]);
});

test('ids and the customer id of statistics have a limited length', async () => {
  for (const query of ['{ node(id: $id) { id } }', '{ nodes(ids: [$id]) { id } }', '{ order(id: $id) { id } }']) {
    const { errors } = await server.request(`query ($id: ID!) ${query}`, { id: `customer:${'x'.repeat(129)}` });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'id' });
    expect(errors?.[0]?.message.length).toBeLessThan(200);
  }
  const stats = 'query ($c: String!) { orderStats(customerId: $c) { count } }';
  const { errors } = await server.request(stats, { c: 'x'.repeat(129) });
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'customerId' });
});

test('a text of 900 KB is rejected before the fields that use it are executed', async () => {
  const part = (i: number) => `a${i}: orderByExternalReference(customerId: "${i}", externalReference: $text) { id }`;
  const query = `query ($text: String!) { ${times(90, part)} }`;
  expect(await rejection(query, { text: long })).toMatchObject({ argument: 'text' });
});

/** Short enough to fit into the response. */
const medium = long.slice(0, 20_000);

test.each([
  ['the name of an input field', CREATE_ORDER, { input: { items: [TEA], [medium]: 1 } }],
  ['a literal', `{ orders(first: "${medium}") { nodes { id } } }`, {}],
  ['a field', `{ ${medium} }`, {}],
  ['an id', `{ order(id: "${long}") { id } }`, {}],
])('a long, invalid value of %s is truncated in the error', async (_what, query, variables) => {
  const { errors = [] } = await server.request(query, variables);
  expect(errors).toHaveLength(1);
  expect(errors[0]?.message).not.toContain('The response must have');
  expect(errors[0]?.message.length).toBeLessThan(700);
});

test('a long id that is not a UUID is truncated in the error', async () => {
  const { errors = [] } = await server.request(`{ order(id: "${long.slice(0, 2_000)}") { id } }`);
  expect(errors).toHaveLength(1);
  expect(errors[0]?.message.length).toBeLessThan(200);
});

test.each([
  ['an e-mail address', { items: [TEA], customerEmail: long.slice(0, 40_000) }],
  ['a price', { items: [{ ...TEA, unitPrice: long.slice(0, 40_000) }] }],
  ['a currency', { items: [TEA], currency: long.slice(0, 40_000) }],
])('a long, invalid %s of an order is truncated in the error', async (_what, input) => {
  const { userErrors } = await createOrder(server, input);
  expect(userErrors.length).toBeGreaterThan(0);
  for (const { message } of userErrors) expect(message.length).toBeLessThan(200);
});

test('a response above the size limit is rejected unless a write was stored', async () => {
  const notes = 'x'.repeat(4_000);
  const input = { items: [TEA], notes };
  const { id } = await createdOrder(server, { notes });
  const copies = times(20, (i) => `a${i}: notes`);
  const small = await server.request(`{ order(id: "${id}") { a: notes } }`);
  expect(small.errors).toBeUndefined();
  expect(await rejection(`{ order(id: "${id}") { ${copies} } }`)).toEqual({ code: 'BAD_USER_INPUT', maxBytes: 50_000 });
  const query = `mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id ${copies} } } }`;
  const stored = await server.request<{ createOrder: { order: { id: string; a19: string } } }>(query, { input });
  expect(stored.status).toBe(200);
  expect(stored.data.createOrder.order.a19).toBe(notes);
  const others = 'ü'.repeat(4_000); // two bytes each, because the limit is in bytes
  const wide = await createdOrder(server, { notes: others });
  const seven = times(7, (i) => `a${i}: notes`);
  expect(await rejection(`{ order(id: "${wide.id}") { ${seven} } }`)).toMatchObject({ maxBytes: 50_000 });
  expect((await server.request(`{ order(id: "${id}") { ${seven} } }`)).errors).toBeUndefined();
});

test('a page of a hundred orders with items and history is accepted', async () => {
  const typical = `{ orders(first: 100) { totalCount nodes { id number status total { amount currency }
    items { name quantity unitPrice { amount currency } } history { nodes { version type to occurredAt } } }
    pageInfo { hasNextPage endCursor } } }`;
  expect((await server.request(typical)).errors).toBeUndefined();
});

test('the number of amounts of a series is within its estimated cost', async () => {
  await database.sql(
    `INSERT INTO order_stats (grain, starts_at, currency, status, count, gross)
     SELECT grain::stats_grain, '2020-01-01Z'::timestamptz + day * interval '1 day', currency, 'PENDING', 1, 1
     FROM generate_series(0, 1999) AS day, unnest('{DAY,HOUR}'::text[]) AS grain,
       unnest('{AED,AFN,ALL,AMD,AUD,BAM,BBD,BDT,BMD,BND,BOB}'::text[]) AS currency
     WHERE grain = 'DAY' OR day IN (0, 1999)`,
  );
  const query = 'query ($to: DateTime) { orderStats(from: "2020-01-01T00:00:00Z", to: $to) { series { count } } }';
  const whole = await server.request(query, { to: '2025-06-23T00:00:00Z' });
  expect(whole).toMatchObject({ status: 400, errors: [{ extensions: { argument: 'interval' } }] });
  const shorter = await server.request(query, { to: '2024-12-01T00:00:00Z' });
  expect(shorter.errors).toBeUndefined();
});
