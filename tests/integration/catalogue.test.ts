import { randomUUID } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import {
  codes,
  createdWholeOrder,
  createOrders,
  createWholeOrder,
  readOrder,
  updateOrder,
} from '../support/order-requests.js';

/** The products and the behaviour of the product service. */
const prices = new Map<string, object>();
const CACHE_MAX = 5;
let behaviour: 'valid' | 'slow' | 'invalid' | 'failing' = 'valid';
let requests: string[] = [];
let products: Server;
let port = 0; // a free port, reused after `stopService`

async function listen(): Promise<void> {
  products = createServer((request, response) => {
    requests.push(request.url ?? '');
    if (behaviour === 'slow') return; // never responds
    if (behaviour === 'failing') response.writeHead(500).end();
    else if (behaviour === 'invalid') response.writeHead(200).end('<html>');
    else respond(new URL(request.url ?? '', 'http://products'), response);
  });
  await new Promise<void>((resolve) => products.listen(port, '127.0.0.1', resolve));
  ({ port } = products.address() as AddressInfo);
}

function respond({ pathname, searchParams }: URL, response: ServerResponse): void {
  const ids = searchParams.get('ids')?.split(',');
  const id = decodeURIComponent(pathname.split('/').at(-1) ?? '');
  if (ids !== undefined) response.end(JSON.stringify({ products: ids.flatMap((each) => prices.get(each) ?? []) }));
  else if (prices.has(id)) response.end(JSON.stringify(prices.get(id)));
  else response.writeHead(404).end();
}

async function stopService(): Promise<void> {
  products.closeAllConnections();
  await new Promise((resolve) => products.close(resolve));
}

function addProduct(price: string, currency = 'USD', name = 'Green tea'): string {
  const id = randomUUID();
  prices.set(id, { id, name, price, currency });
  return id;
}

/** Evicts all other products from the cache of the server. */
async function evictProducts(): Promise<void> {
  const items = Array.from({ length: CACHE_MAX }, () => ({ productId: addProduct('1') }));
  await expect.poll(async () => (await createWholeOrder(server, { items })).order).not.toBeNull();
}

await listen();
afterAll(stopService);
const server = useServer(useDatabase(), {
  PRODUCT_SERVICE_URL: `http://127.0.0.1:${port}`,
  PRODUCT_SERVICE_TIMEOUT_MS: '200',
  PRODUCT_SERVICE_RETRIES: '1',
  PRODUCT_SERVICE_BREAKER_FAILURES: '4',
  PRODUCT_SERVICE_BREAKER_REST_MS: '200',
  PRODUCT_CACHE_SECONDS: '3600',
  PRODUCT_CACHE_MAX: String(CACHE_MAX),
});

beforeEach(() => {
  behaviour = 'valid';
  requests = [];
});

test('items with only a product id get their name and price by one request for many orders', async () => {
  const [tea, mug] = [addProduct('4.20'), addProduct('12.50', 'USD', 'Mug')];
  const items = [{ productId: tea, quantity: 3 }, { productId: mug }, { name: 'Gift', unitPrice: '0' }];
  const orders = await Promise.all(
    Array.from({ length: 30 }, () => createdWholeOrder(server, { items, expectedTotal: '25.10' })),
  );
  expect(orders[0]).toMatchObject({
    items: [
      { productId: tea, name: 'Green tea', quantity: 3, unitPrice: { amount: '4.20' }, subtotal: { amount: '12.60' } },
      { productId: mug, name: 'Mug' },
      { name: 'Gift' },
    ],
    total: { amount: '25.10' },
  });
  expect(requests).toHaveLength(1);
});

test('the name and price of an item in the input are kept', async () => {
  const tea = addProduct('4.20');
  const named = await createdWholeOrder(server, { items: [{ productId: tea, name: 'My tea' }] });
  expect(named).toMatchObject({ items: [{ name: 'My tea', unitPrice: { amount: '4.20' } }] });
  const priced = await createdWholeOrder(server, { items: [{ productId: tea, unitPrice: '1' }] });
  expect(priced).toMatchObject({ items: [{ name: 'Green tea', unitPrice: { amount: '1.00' } }] });
  requests = [];
  await createdWholeOrder(server, { items: [{ productId: 'not for sale', name: 'x', unitPrice: '1' }] });
  expect(requests).toEqual([]);
});

test('an unexpected price, another currency and an unknown product are rejected', async () => {
  const [tea, yen, fine] = [addProduct('4.20'), addProduct('640', 'JPY'), addProduct('4.205')];
  const rejection = async (item: object, more: object = {}) =>
    codes((await createWholeOrder(server, { items: [item], ...more })).userErrors);
  expect(await rejection({ productId: tea, expectedUnitPrice: '4.19' })).toEqual([
    'PRICE_CHANGED input.items.0.expectedUnitPrice',
  ]);
  expect(await rejection({ productId: tea, expectedUnitPrice: '4.20' })).toEqual([]);
  expect(await rejection({ productId: yen })).toEqual(['INVALID input.items.0.productId']);
  expect(await rejection({ productId: fine })).toEqual(['INVALID input.items.0.productId']);
  expect(await rejection({ productId: 'nothing' })).toEqual(['NOT_FOUND input.items.0.productId']);
  expect(await rejection({ sku: 'no product' })).toEqual([
    'REQUIRED input.items.0.name',
    'REQUIRED input.items.0.unitPrice',
  ]);
  expect(await rejection({ productId: tea }, { expectedTotal: '1' })).toEqual(['TOTAL_MISMATCH input.expectedTotal']);
});

test('during a failure of the service orders with prices succeed; other orders fail as retryable and succeed later', async () => {
  const expectUnavailable = async (productId: string) => {
    const { order, userErrors } = await createWholeOrder(server, { items: [{ productId }] });
    expect(order).toBeNull();
    expect(userErrors).toMatchObject([
      { code: 'CATALOGUE_UNAVAILABLE', field: ['input', 'items', '0', 'productId'], retryable: true },
    ]);
  };
  for (const how of ['slow', 'invalid', 'failing', 'stopped'] as const) {
    const tea = addProduct('4.20');
    if (how === 'stopped') await stopService();
    else behaviour = how;
    await expectUnavailable(tea);
    await createdWholeOrder(server, { items: [{ productId: tea, name: 'Tea', unitPrice: '4' }] });
    if (how === 'stopped') await listen();
    behaviour = 'valid';
    const total = async () => (await createWholeOrder(server, { items: [{ productId: tea }] })).order?.total.amount;
    await expect.poll(total, { timeout: 10_000 }).toBe('4.20');
  }
});

test('an existing order is replayed without the service and with its old price, also by createOrders', async () => {
  const tea = addProduct('4.20');
  const input = { idempotencyKey: randomUUID(), items: [{ productId: tea, expectedUnitPrice: '4.20' }] };
  const order = await createdWholeOrder(server, input);
  prices.delete(tea);
  await evictProducts();
  await stopService();
  requests = [];
  expect(await createWholeOrder(server, input)).toMatchObject({
    replayed: true,
    order: { id: order.id },
    userErrors: [],
  });
  const other = await createWholeOrder(server, { ...input, notes: 'x' });
  expect(codes(other.userErrors)).toEqual(['IDEMPOTENCY_MISMATCH input.idempotencyKey']);
  const { results } = await createOrders(server, { orders: [input] });
  expect(results).toMatchObject([{ replayed: true, order: { id: order.id }, userErrors: [] }]);
  await listen();
  expect(requests).toEqual([]);
});

test('new items of an order are priced by the service; a retry with the same key is replayed without it', async () => {
  const [tea, mug] = [addProduct('4.20'), addProduct('12.50', 'USD', 'Mug')];
  const order = await createdWholeOrder(server, { items: [{ productId: tea }] });
  const input = { id: order.id, expectedVersion: 1, idempotencyKey: 'mug', items: [{ productId: mug, quantity: 2 }] };
  const updated = await updateOrder(server, input);
  expect(updated.order).toMatchObject({ items: [{ name: 'Mug', quantity: 2 }], total: { amount: '25.00' } });
  const unknown = await updateOrder(server, { id: order.id, expectedVersion: 2, items: [{ productId: 'nothing' }] });
  expect(codes(unknown.userErrors)).toEqual(['NOT_FOUND input.items.0.productId']);
  behaviour = 'slow';
  const unavailable = await updateOrder(server, {
    id: order.id,
    expectedVersion: 2,
    items: [{ productId: addProduct('1') }],
  });
  expect(codes(unavailable.userErrors)).toEqual(['CATALOGUE_UNAVAILABLE input.items.0.productId']);
  behaviour = 'valid';
  await evictProducts();
  prices.delete(mug);
  requests = [];
  expect(await updateOrder(server, input)).toMatchObject({ changed: true, order: { version: 2 }, userErrors: [] });
  expect(requests).toEqual([]);
  expect((await readOrder(server, order.id))?.version).toBe(2);
});

test('the orders of a request are priced together; one unknown product rejects an all-or-nothing group', async () => {
  const ids = Array.from({ length: 5 }, () => addProduct('1.00'));
  const orders = ids.map((productId) => ({ items: [{ productId }] }));
  const { results } = await createOrders(server, { orders });
  expect(results.every(({ order }) => order !== null)).toBe(true);
  expect(requests).toHaveLength(1);
  const rejected = await createOrders(server, { orders: [...orders, { items: [{ productId: 'nothing' }] }] });
  expect(rejected.results.map(({ userErrors }) => userErrors[0]?.code)).toEqual([
    ...ids.map(() => 'BATCH_ABORTED'),
    'NOT_FOUND',
  ]);
});
