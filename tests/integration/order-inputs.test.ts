import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { TEA } from '../support/order-documents.js';
import {
  codes,
  createdWholeOrder,
  createOrders,
  createWholeOrder,
  readOrder,
  updateOrder,
} from '../support/order-requests.js';

/* Mistyped fields of an order are reported with their path, and values that JSON cannot represent are rejected. */

const database = useDatabase();
const server = useServer(database);

test('a malformed row of a PARTIAL batch is reported at its index, and the others are stored', async () => {
  const customerId = randomUUID();
  const row = (more: object = {}) => ({ customerId, items: [TEA], ...more });
  const { results, userErrors } = await createOrders(server, {
    policy: 'PARTIAL',
    orders: [
      row(),
      row({ customerEmail: 'nobody' }),
      row({ items: [{ ...TEA, unitPrice: '4,20' }] }),
      row({ currency: 'dollars', tax: 'x', items: [{ ...TEA, unitPrice: 'x' }] }),
      row({ shippingAddress: { line1: 'x', country: 'Utopia' }, metadata: { a: 1 } }),
    ],
  });
  expect(userErrors).toEqual([]);
  expect(results.map((result) => codes(result.userErrors))).toEqual([
    [],
    ['INVALID input.orders.1.customerEmail'],
    ['INVALID input.orders.2.items.0.unitPrice'],
    ['INVALID input.orders.3.currency', 'INVALID input.orders.3.items.0.unitPrice', 'INVALID input.orders.3.tax'],
    [],
  ]);
  expect(await database.sql('SELECT 1 FROM orders WHERE customer_id = $1', [customerId])).toHaveLength(2);
});

test.each([
  ['ada@example.com', 'ada@example.com'],
  ['  ada@example.com\t', 'ada@example.com'],
  ['jürgen@bücher.de', 'jürgen@bücher.de'],
  ['用户@例子.广告', '用户@例子.广告'],
  ["o'neil+tag@sub.example.co.uk", "o'neil+tag@sub.example.co.uk"],
  ['root@localhost', 'root@localhost'],
  [`${'x'.repeat(242)}@example.com`, `${'x'.repeat(242)}@example.com`],
])('the e-mail address %j is trimmed and stored', async (given, stored) => {
  const idempotencyKey = randomUUID();
  const order = await createdWholeOrder(server, { idempotencyKey, customerEmail: given });
  expect(order['customerEmail']).toBe(stored);
  expect(await readOrder(server, order.id)).toEqual(order);
  const again = await createWholeOrder(server, { idempotencyKey, customerEmail: stored });
  expect(again).toMatchObject({ replayed: true, order: { id: order.id } });
});

test.each([
  'ada',
  '@example.com',
  'ada@',
  'a@b@example.com',
  'a da@example.com',
  'ada@exa mple.com',
  'ada@-example.com',
  'ada@example-.com',
  'ada@example..com',
  'ada@.com',
  'ada@example.com.',
  'Ada <ada@example.com>',
  'ada@example.com,eve@example.com',
  'ada\n@example.com',
])('the e-mail address %j is rejected by name', async (customerEmail) => {
  const { order, userErrors } = await createWholeOrder(server, { customerEmail });
  expect(order).toBeNull();
  expect(codes(userErrors)).toEqual(['INVALID input.customerEmail']);
  const { id } = await createdWholeOrder(server);
  const updated = await updateOrder(server, { id, expectedVersion: 1, customerEmail });
  expect(codes(updated.userErrors)).toEqual(['INVALID input.customerEmail']);
});

test('texts are accepted up to their limit and rejected beyond it', async () => {
  const line = { addressLine: 500 };
  const address = {
    name: 500,
    line1: line.addressLine,
    line2: 500,
    city: 500,
    region: 500,
    postalCode: 32,
    country: 500,
  };
  const limits: readonly (readonly [string, number, (text: string) => object])[] = [
    ['customerId', 128, (customerId) => ({ customerId })],
    ['customerName', 200, (customerName) => ({ customerName })],
    ['notes', 4_000, (notes) => ({ notes })],
    ['externalReference', 128, (externalReference) => ({ externalReference, customerId: randomUUID() })],
    ['items.0.productId', 128, (productId) => ({ items: [{ ...TEA, productId }] })],
    ['items.0.sku', 128, (sku) => ({ items: [{ ...TEA, sku }] })],
    ['items.0.name', 500, (name) => ({ items: [{ ...TEA, name }] })],
    ...Object.entries(address).flatMap(([name, limit]) =>
      ['shippingAddress', 'billingAddress'].map(
        (of) => [`${of}.${name}`, limit, (text: string) => ({ [of]: { line1: 'x', [name]: text } })] as const,
      ),
    ),
  ];
  for (const [field, limit, input] of limits) {
    await createdWholeOrder(server, input('x'.repeat(limit)));
    const { userErrors } = await createWholeOrder(server, input('x'.repeat(limit + 1)));
    expect(codes(userErrors)).toEqual([`LIMIT_EXCEEDED input.${field}`]);
  }
  await createdWholeOrder(server, { idempotencyKey: `${randomUUID()}${'k'.repeat(219)}` });
  await createdWholeOrder(server, { items: Array.from({ length: 200 }, () => TEA) });
  const many = await createWholeOrder(server, { items: Array.from({ length: 201 }, () => TEA) });
  expect(codes(many.userErrors)).toEqual(['LIMIT_EXCEEDED input.items']);
  await createdWholeOrder(server, { items: [{ ...TEA, quantity: 1_000_000 }] });
});

const CREATE_WITH = (metadata: string, variables = '') =>
  `mutation ${variables} { createOrder(input: {items: [{name: "x", unitPrice: "1"}], metadata: ${metadata}}) {
    order { metadata } userErrors { code field } } }`;

test.each([
  ['{ a: WEB }', 'WEB'],
  ['{ a: [1, { b: WEB }] }', 'WEB'],
  ['{ a: 1, a: 2 }', 'a'],
  ['[1]', 'JSONObject'],
  ['"text"', 'JSONObject'],
  ['WEB', 'JSONObject'],
])('metadata other than a JSON object is rejected: %s', async (metadata, word) => {
  const { status, errors } = await server.request(CREATE_WITH(metadata));
  expect(status).toBe(400);
  expect(errors?.[0]?.message).toContain(word);
});

test('metadata keeps every literal, key and nested variable', async () => {
  const metadata =
    '{ text: "t", int: 12, float: -1.5, yes: true, nothing: null, list: [1, [], $x], inner: { b: $x }, all: $all, given: $none, __proto__: 7 }';
  const variables = '($x: String, $all: JSONObject, $none: Int)';
  interface Created {
    readonly createOrder: { readonly order: { readonly metadata: object } };
  }
  const { createOrder } = await server.get<Created>(CREATE_WITH(metadata, variables), {
    x: 'x',
    all: { deep: [{}] },
  });
  const expected = JSON.parse(
    '{"text": "t", "int": 12, "float": -1.5, "yes": true, "nothing": null, "list": [1, [], "x"], "inner": {"b": "x"}, "all": {"deep": [{}]}, "__proto__": 7}',
  ) as object;
  expect(createOrder.order.metadata).toEqual(expected);
  expect(Object.hasOwn(createOrder.order.metadata, '__proto__')).toBe(true);
  const absent = await server.get<Created>(CREATE_WITH('{ list: [$x], a: $x, b: 1 }', '($x: String)'));
  expect(absent.createOrder.order.metadata).toEqual({ list: [null], b: 1 });
});

test.each(['1e999', '-1e999', '{ a: [1e999] }'])('a number that JSON does not have is rejected: %s', async (number) => {
  const { createOrder } = await server.get<{ createOrder: object }>(CREATE_WITH(`{ n: ${number} }`));
  expect(createOrder).toEqual({ order: null, userErrors: [{ code: 'INVALID', field: ['input', 'metadata'] }] });
});
