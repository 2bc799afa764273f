import { afterEach, expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { CREATE_ORDER, TEA, UPDATE_ORDER_STATUS } from '../support/order-documents.js';
import { createdOrder, createOrder, transitionOrder } from '../support/order-requests.js';

const database = useDatabase();
const server = useServer(database);
let stored = 0;

afterEach(async () => {
  const [row] = await database.sql<{ orders: number }>('SELECT count(*)::int AS orders FROM orders');
  expect(row?.orders).toBe(stored);
  expect(server.logged.filter((line) => Number(line['level']) >= 50)).toEqual([]);
});

const HUGE = '92233720368547758.07'; // the maximum of a BIGINT in cents

test.each([
  ['no items', { items: [] }, 'REQUIRED', ['items']],
  ['zero quantity', { items: [{ ...TEA, quantity: 0 }] }, 'INVALID', ['items', '0', 'quantity']],
  ['negative quantity', { items: [TEA, { ...TEA, quantity: -2 }] }, 'INVALID', ['items', '1', 'quantity']],
  ['huge quantity', { items: [{ ...TEA, quantity: 1_000_001 }] }, 'LIMIT_EXCEEDED', ['items', '0', 'quantity']],
  ['a third decimal of a dollar', { items: [{ ...TEA, unitPrice: '1.005' }] }, 'INVALID', ['items', '0', 'unitPrice']],
  [
    'a decimal of a yen',
    { currency: 'JPY', items: [{ ...TEA, unitPrice: '10.5' }] },
    'INVALID',
    ['items', '0', 'unitPrice'],
  ],
  [
    'a fourth decimal of a dinar',
    { currency: 'KWD', items: [{ ...TEA, unitPrice: '1.0005' }] },
    'INVALID',
    ['items', '0', 'unitPrice'],
  ],
  ['unknown currency', { currency: 'ABC' }, 'INVALID', ['currency']],
  ['an invalid currency code', { currency: 'dollars' }, 'INVALID', ['currency']],
  ['a non-numeric price', { items: [{ ...TEA, unitPrice: 'ten' }] }, 'INVALID', ['items', '0', 'unitPrice']],
  ['a price with a comma', { items: [{ ...TEA, unitPrice: '1,50' }] }, 'INVALID', ['items', '0', 'unitPrice']],
  ['a price in exponent notation', { items: [{ ...TEA, unitPrice: 1e30 }] }, 'INVALID', ['items', '0', 'unitPrice']],
  [
    'a price of 40,000 digits',
    { items: [{ ...TEA, unitPrice: '1'.repeat(40_000) }] },
    'INVALID',
    ['items', '0', 'unitPrice'],
  ],
  [
    'a price with more digits than a double',
    { currency: 'CLF', items: [{ ...TEA, unitPrice: Number('123456789012.3456') }] },
    'INVALID',
    ['items', '0', 'unitPrice'],
  ],
  ['a non-numeric discount', { discount: 'half' }, 'INVALID', ['discount']],
  [
    'a non-numeric expected price',
    { items: [{ ...TEA, expectedUnitPrice: '' }] },
    'INVALID',
    ['items', '0', 'expectedUnitPrice'],
  ],
  ['an invalid e-mail address', { customerEmail: 'ada' }, 'INVALID', ['customerEmail']],
  ['a blank e-mail address', { customerEmail: ' ' }, 'INVALID', ['customerEmail']],
  [
    'an e-mail address of 255 characters',
    { customerEmail: `${'x'.repeat(243)}@example.com` },
    'LIMIT_EXCEEDED',
    ['customerEmail'],
  ],
  ['negative price', { items: [{ ...TEA, unitPrice: '-0.01' }] }, 'INVALID', ['items', '0', 'unitPrice']],
  [
    'a price above the maximum',
    { items: [{ ...TEA, unitPrice: '92233720368547758.08' }] },
    'LIMIT_EXCEEDED',
    ['items', '0', 'unitPrice'],
  ],
  ['overflow of a line', { items: [{ ...TEA, quantity: 2, unitPrice: HUGE }] }, 'LIMIT_EXCEEDED', ['items']],
  ['overflow of the total', { items: [{ ...TEA, quantity: 1, unitPrice: HUGE }, TEA] }, 'LIMIT_EXCEEDED', ['items']],
  [
    '10,000 items',
    { items: Array.from({ length: 10_000 }, () => ({ name: 'x', unitPrice: 1 })) },
    'LIMIT_EXCEEDED',
    ['items'],
  ],
  ['blank name', { items: [{ ...TEA, name: ' \t' }] }, 'INVALID', ['items', '0', 'name']],
  ['missing name', { items: [{ unitPrice: '1' }] }, 'REQUIRED', ['items', '0', 'name']],
  ['missing price', { items: [{ name: 'Tea' }] }, 'REQUIRED', ['items', '0', 'unitPrice']],
  ['blank customer', { customerId: '' }, 'INVALID', ['customerId']],
  ['long notes', { notes: 'x'.repeat(4_001) }, 'LIMIT_EXCEEDED', ['notes']],
  ['malformed id', { id: 'order-1' }, 'INVALID', ['id']],
  ['an id of version 1', { id: '6ba7b810-9dad-11d1-80b4-00c04fd430c8' }, 'INVALID', ['id']],
  ['id and key', { id: '0190a1b2-0000-7000-8000-000000000001', idempotencyKey: 'k' }, 'INVALID', ['id']],
  ['blank key', { idempotencyKey: '  ' }, 'INVALID', ['idempotencyKey']],
  ['long key', { idempotencyKey: 'k'.repeat(256) }, 'LIMIT_EXCEEDED', ['idempotencyKey']],
])('createOrder with %s reports the field and the rule and stores nothing', async (_what, input, code, field) => {
  const response = await createOrder(server, input);
  expect(response.order).toBeNull();
  expect(response.userErrors).toMatchObject([
    { __typename: 'InputError', code, field: ['input', ...field], retryable: false },
  ]);
  expect(response.userErrors[0]?.message).toMatch(/^\w+.{5,150}\.$/);
  expect(response.userErrors[0]?.message).toContain(field.at(-1));
});

test('all broken rules of an input are listed', async () => {
  const response = await createOrder(server, {
    currency: 'QQQ',
    notes: ' ',
    items: [{ name: '', quantity: 0, unitPrice: '1' }],
  });
  expect(response.userErrors.map((error) => error.field?.at(-1))).toEqual(['currency', 'notes', 'name', 'quantity']);
});

test.each([
  ['fractional quantity', { items: [{ ...TEA, quantity: 1.5 }] }, 'quantity'],
  ['a quantity above 32 bits', { items: [{ ...TEA, quantity: 3_000_000_000 }] }, 'quantity'],
  ['a boolean price', { items: [{ ...TEA, unitPrice: true }] }, 'unitPrice'],
  ['a numeric currency', { currency: 978 }, 'currency'],
  ['an object as e-mail address', { customerEmail: {} }, 'customerEmail'],
  ['a list as metadata', { metadata: [] }, 'metadata'],
  ['an unknown field', { colour: 'red' }, 'colour'],
  ['a missing list', { items: null }, 'items'],
  ['NUL', { notes: 'a\0b' }, 'input.notes'],
  ['a lone surrogate', { items: [{ ...TEA, name: 'a\ud800' }] }, 'input.items[0].name'],
  ['a lone surrogate in the key', { idempotencyKey: '\udc00' }, 'input.idempotencyKey'],
])('createOrder with %s returns BAD_USER_INPUT and names the argument', async (_what, input, name) => {
  const response = await server.request(CREATE_ORDER, { input: { items: [TEA], ...input } });
  expect(response.status).toBe(400);
  expect(response.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(response.errors?.[0]?.message).toContain(name);
});

test('updateOrderStatus names the invalid argument', async () => {
  const { id } = await createdOrder(server);
  stored += 1;
  const cases = [
    [{ id: 'nonsense', status: 'CONFIRMED' }, 'INVALID', 'id'],
    [{ id, status: 'CONFIRMED', expectedVersion: 0 }, 'INVALID', 'expectedVersion'],
    [{ id, status: 'CONFIRMED', reason: '' }, 'INVALID', 'reason'],
    [{ id, status: 'CONFIRMED', reason: 'x'.repeat(1_001) }, 'LIMIT_EXCEEDED', 'reason'],
    [{ id, status: 'CONFIRMED', idempotencyKey: '' }, 'INVALID', 'idempotencyKey'],
  ] as const;
  for (const [input, code, field] of cases) {
    expect(await transitionOrder(server, input)).toMatchObject({
      order: null,
      userErrors: [{ code, field: ['input', field] }],
    });
  }
  const unknown = await server.request(UPDATE_ORDER_STATUS, { input: { id, status: 'banana' } });
  expect(unknown.status).toBe(400);
  expect(unknown.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(unknown.errors?.[0]?.message).toContain('OrderStatus');
});

test.each([
  ['{ order(id: "nonsense") { id } }', 'BAD_USER_INPUT', 'id must be a UUID'],
  ['{ node(id: "item:1:2") { id } }', 'BAD_USER_INPUT', 'id must be a UUID'],
  ['{ nodes(ids: ["event:x"]) { id } }', 'BAD_USER_INPUT', 'id must be a UUID'],
  ['{ orders(where: {status: {eq: banana}}) { nodes { id } } }', 'GRAPHQL_VALIDATION_FAILED', 'banana'],
  ['{ orders { nodes { colour } } }', 'GRAPHQL_VALIDATION_FAILED', 'colour'],
  ['{ orders( }', 'GRAPHQL_PARSE_FAILED', 'Syntax Error'],
  ['', 'BAD_REQUEST', 'query'],
  ['{ customer(customerId: "a\\u0000") { id } }', 'BAD_USER_INPUT', 'customerId'],
  [`{ ${'a:__typename '.repeat(3_000)} }`, 'GRAPHQL_PARSE_FAILED', 'token'],
])('the query %s is rejected with a reason', async (query, code, words) => {
  const response = await server.request(query);
  expect(response.status).toBe(400);
  expect(response.errors?.[0]?.extensions.code).toBe(code);
  expect(response.errors?.[0]?.message).toContain(words);
});

test.each([
  ['malformed JSON', '{"query": ', 'application/json', 400, 'BAD_REQUEST'],
  ['an empty body', '', 'application/json', 400, 'BAD_REQUEST'],
  ['JSON other than an object', '[1]', 'application/json', 400, 'BAD_REQUEST'],
  [
    'a body of 5 MB',
    JSON.stringify({ query: '{ __typename }', variables: { x: 'x'.repeat(5_000_000) } }),
    'application/json',
    413,
    'PAYLOAD_TOO_LARGE',
  ],
  ['a form', 'query={__typename}', 'application/x-www-form-urlencoded', 415, 'UNSUPPORTED_MEDIA_TYPE'],
])('%s returns an error in the GraphQL format', async (_what, body, contentType, status, code) => {
  const response = await fetch(server.url, { method: 'POST', headers: { 'content-type': contentType }, body });
  expect(response.status).toBe(status);
  const { errors } = (await response.json()) as { errors: { message: string; extensions: { code: string } }[] };
  expect(errors).toMatchObject([{ extensions: { code } }]);
});

test('an open server rejects other host names, other origins and forwarded requests', async () => {
  const forbidden = [
    { origin: 'https://example.com' },
    { 'x-forwarded-for': '192.0.2.1' },
    { forwarded: 'for=192.0.2.1' },
  ];
  for (const headers of forbidden) {
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: '{ __typename }' }),
    });
    expect(response.status).toBe(403);
  }
});
