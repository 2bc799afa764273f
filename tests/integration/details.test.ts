import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatMoney } from '../../src/domain/money.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { holdLocks } from '../support/locks.js';
import { TEA } from '../support/order-documents.js';
import { codes, createdWholeOrder, createWholeOrder, readOrder } from '../support/order-requests.js';
import { claimReferences } from '../support/rows.js';

const database = useDatabase();
const server = useServer(database);

const ADDRESS = {
  name: 'Ada',
  line1: '1 High Street',
  line2: null,
  city: 'London',
  region: null,
  postalCode: 'N1',
  country: 'UK',
};

test('every field of an order is stored as sent, and the total is the sum of its parts', async () => {
  const metadata = { source: 'web', nested: { list: [1, 2.5, null, 'x'], empty: {} }, 'odd key': true };
  const order = await createdWholeOrder(server, {
    customerId: 'ada',
    externalReference: 'PO 7',
    shippingAddress: ADDRESS,
    billingAddress: { line1: 'PO Box 1', country: 'Utopia' },
    shipping: '4.90',
    tax: '1.01',
    discount: '2.00',
    expectedTotal: '16.51',
    metadata,
  });
  expect(order).toMatchObject({
    subtotal: { amount: '12.60' },
    shipping: { amount: '4.90' },
    tax: { amount: '1.01' },
    discount: { amount: '2.00' },
    total: { amount: '16.51' },
    externalReference: 'PO 7',
    shippingAddress: { ...ADDRESS, countryCode: 'GB' },
    billingAddress: { line1: 'PO Box 1', city: null, country: 'Utopia', countryCode: null },
    metadata,
    tracking: null,
    cancelReason: null,
    history: { nodes: [{ version: 1, type: 'CREATED', changedFields: [] }] },
  });
  expect(await readOrder(server, order.id)).toEqual(order);
});

test('an order without details has null details and the total of its items', async () => {
  expect(await createdWholeOrder(server)).toMatchObject({
    externalReference: null,
    shippingAddress: null,
    billingAddress: null,
    metadata: {},
    subtotal: { amount: '12.60' },
    shipping: { amount: '0.00' },
    total: { amount: '12.60' },
  });
});

test('values that break a rule are rejected by name', async () => {
  const rejection = async (input: object) => codes((await createWholeOrder(server, input)).userErrors);
  const deep = { a: { b: { c: { d: { e: { f: { g: { h: {} } } } } } } } };
  expect(await rejection({ expectedTotal: '12.61' })).toEqual(['TOTAL_MISMATCH input.expectedTotal']);
  expect(await rejection({ discount: '12.61' })).toEqual(['INVALID input.discount']);
  expect(await rejection({ discount: '-1', shipping: '-1', tax: '0.001' })).toEqual([
    'INVALID input.shipping',
    'INVALID input.tax',
    'INVALID input.discount',
  ]);
  expect(await rejection({ shippingAddress: { line1: ' ' } })).toEqual(['INVALID input.shippingAddress.line1']);
  expect(await rejection({ billingAddress: { line1: 'x', postalCode: 'x'.repeat(33) } })).toEqual([
    'LIMIT_EXCEEDED input.billingAddress.postalCode',
  ]);
  expect(await rejection({ metadata: deep })).toEqual(['LIMIT_EXCEEDED input.metadata']);
  expect(await rejection({ metadata: { text: 'x'.repeat(16_384) } })).toEqual(['LIMIT_EXCEEDED input.metadata']);
  expect(await rejection({ metadata: { numbers: Array.from({ length: 60 }, () => 1e300) } })).toEqual([
    'LIMIT_EXCEEDED input.metadata',
  ]);
  expect(await rejection({ metadata: { numbers: [1e300, 1e-300] } })).toEqual([]);
  expect(await rejection({ externalReference: ' x' })).toEqual(['INVALID input.externalReference']);
  expect(await rejection({ items: [{ ...TEA, expectedUnitPrice: '4.21' }] })).toEqual([
    'PRICE_CHANGED input.items.0.expectedUnitPrice',
  ]);
  expect(await rejection({ shipping: '92233720368547758.07' })).toEqual(['LIMIT_EXCEEDED input.items']);
});

test('invalid numbers and excessive nesting are rejected by name', async () => {
  const query =
    'mutation { createOrder(input: {items: [{name: "x", unitPrice: "1"}], metadata: {n: 1e999}}) { userErrors { code field } } }';
  const { createOrder } = await server.get<{ createOrder: object }>(query);
  expect(createOrder).toEqual({ userErrors: [{ code: 'INVALID', field: ['input', 'metadata'] }] });
  const nested = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"query": "{ __typename }", "variables": {"x": ${nested}}}`,
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
});

test('NUL and lone surrogates are rejected in values and keys of metadata', async () => {
  for (const metadata of [{ x: 'a\0b' }, { 'a\0b': 1 }, { x: { y: ['\ud800'] } }]) {
    const query = 'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id } } }';
    const { errors } = await server.request(query, { input: { items: [TEA], metadata } });
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  }
});

test('special keys of JavaScript are ordinary keys of metadata', async () => {
  const text = '{"constructor":"y","toString":null,"hasOwnProperty":[1],"__proto__":{"x":1}}';
  const metadata = JSON.parse(text) as object;
  const order = await createdWholeOrder(server, { metadata });
  const stored = (await readOrder(server, order.id))?.['metadata'] as object;
  expect(new Map(Object.entries(stored))).toEqual(new Map(Object.entries(metadata)));
});

test('sums up to the maximum of the column keep every digit', async () => {
  const unitPrice = '92233720368547758.05';
  const order = await createdWholeOrder(server, { items: [{ name: 'x', quantity: 1, unitPrice }], tax: '0.02' });
  expect(order).toMatchObject({ subtotal: { amount: unitPrice }, total: { amount: '92233720368547758.07' } });
  expect(await readOrder(server, order.id)).toEqual(order);
});

test('for all lines, shipping, tax and discounts, the total is exact and a round trip keeps every digit', async () => {
  const minor = fc.bigInt(0n, 10n ** 12n);
  const line = fc.record({ price: minor, quantity: fc.integer({ min: 1, max: 1_000 }) });
  const order = fc.record({
    lines: fc.array(line, { minLength: 1, maxLength: 20 }),
    currency: fc.constantFrom('USD', 'JPY', 'KWD', 'CLF'),
    shipping: minor,
    tax: minor,
    part: fc.integer({ min: 0, max: 100 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(order, { minLength: 10, maxLength: 10 }), async (orders) => {
      await Promise.all(
        orders.map(async ({ lines, currency, shipping, tax, part }) => {
          const money = (amount: bigint) => formatMoney({ minor: amount, currency });
          const subtotal = lines.reduce((sum, { price, quantity }) => sum + price * BigInt(quantity), 0n);
          const discount = ((subtotal + shipping + tax) * BigInt(part)) / 100n;
          const items = lines.map(({ price, quantity }) => ({ name: 'x', quantity, unitPrice: money(price) }));
          const sums = { shipping: money(shipping), tax: money(tax), discount: money(discount) };
          const created = await createdWholeOrder(server, { currency, items, ...sums });
          const stored = await readOrder(server, created.id);
          expect(stored).toEqual(created);
          expect(stored).toMatchObject({
            subtotal: { amount: money(subtotal) },
            total: { amount: money(subtotal + shipping + tax - discount) },
            shipping: { amount: sums.shipping },
            tax: { amount: sums.tax },
            discount: { amount: sums.discount },
            items: items.map(({ quantity, unitPrice }) => ({ quantity, unitPrice: { amount: unitPrice } })),
          });
        }),
      );
    }),
    { numRuns: 20 },
  );
});

test('an external reference is unique for its customer, also under concurrency', async () => {
  const externalReference = randomUUID();
  const results = await Promise.all(
    Array.from({ length: 20 }, () => createWholeOrder(server, { customerId: 'results', externalReference })),
  );
  expect(results.filter(({ order }) => order !== null)).toHaveLength(1);
  for (const { order, userErrors } of results) {
    if (order === null) expect(codes(userErrors)).toEqual(['DUPLICATE input.externalReference']);
  }
  await createdWholeOrder(server, { customerId: 'other', externalReference });
  await createdWholeOrder(server, { externalReference });
  const guest = await createWholeOrder(server, { externalReference });
  expect(codes(guest.userErrors)).toEqual(['DUPLICATE input.externalReference']);
});

test('commands on locked references do not delay other commands', async () => {
  const customerId = randomUUID();
  const references = Array.from({ length: 24 }, (_, index) => `locked ${index}`);
  const release = await holdLocks(database, (client) => claimReferences(client, customerId, references));
  const waiting = references.map((externalReference) => createWholeOrder(server, { customerId, externalReference }));
  const unaffected = Array.from({ length: 6 }, () =>
    createWholeOrder(server, { customerId, externalReference: randomUUID() }),
  );
  for (const { order } of await Promise.all(unaffected)) expect(order).not.toBeNull(); // while the references are locked
  await release();
  for (const { order } of await Promise.all(waiting)) expect(order).not.toBeNull();
});

test('the same request with one key is replayed with its reference; another request releases its claim', async () => {
  const externalReference = randomUUID();
  const input = {
    idempotencyKey: randomUUID(),
    customerId: 'c',
    externalReference,
    metadata: { b: 1, a: { d: 1, c: 2 } },
  };
  const first = await createdWholeOrder(server, input);
  const again = await createWholeOrder(server, { ...input, metadata: { a: { c: 2, d: 1 }, b: 1 } });
  expect(again).toMatchObject({ replayed: true, order: { id: first.id }, userErrors: [] });
  const other = await createWholeOrder(server, { ...input, externalReference: `${externalReference} other` });
  expect(codes(other.userErrors)).toEqual(['IDEMPOTENCY_MISMATCH input.idempotencyKey']);
  await createdWholeOrder(server, { customerId: 'c', externalReference: `${externalReference} other` });
});

test('orders are found by number and by external reference', async () => {
  const order = await createdWholeOrder(server, { customerId: 'find', externalReference: 'me' });
  const find = async (query: string) =>
    (await server.get<{ found: { id: string } | null }>(`{ found: ${query} { id } }`)).found?.id ?? null;
  expect(await find(`orderByNumber(number: "${order.number}")`)).toBe(order.id);
  expect(await find('orderByNumber(number: "99999999999999999")')).toBeNull();
  expect(await find('orderByNumber(number: "no number")')).toBeNull();
  expect(await find('orderByExternalReference(customerId: "find", externalReference: "me")')).toBe(order.id);
  expect(await find('orderByExternalReference(customerId: "", externalReference: "me")')).toBeNull();
  const guest = await createdWholeOrder(server, { externalReference: 'guest' });
  expect(await find('orderByExternalReference(customerId: "", externalReference: "guest")')).toBe(guest.id);
});
