import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { TEA } from '../support/order-documents.js';
import { codes, createdWholeOrder, createOrders, readOrder, transitionOrders } from '../support/order-requests.js';

const database = useDatabase();
const server = useServer(database);

const tea = (more: object = {}) => ({ idempotencyKey: randomUUID(), items: [TEA], ...more });
const countOf = async (customerId: string) =>
  (await database.sql('SELECT 1 FROM orders WHERE customer_id = $1', [customerId])).length;

test('all of many orders are created, with an answer for each in its place, and replayed alike', async () => {
  const orders = Array.from({ length: 100 }, (_, index) => tea({ items: [{ ...TEA, quantity: index + 1 }] }));
  const first = await createOrders(server, { orders });
  expect(first.userErrors).toEqual([]);
  expect(first.results.map(({ index }) => index)).toEqual(orders.map((_, index) => index));
  for (const { order, index, replayed, userErrors } of first.results) {
    expect(order?.total.amount).toBe(((index + 1) * 4.2).toFixed(2));
    expect({ replayed, userErrors }).toEqual({ replayed: false, userErrors: [] });
  }
  const again = await createOrders(server, { orders });
  expect(again.results.every(({ replayed }) => replayed)).toBe(true);
  expect(again.results.map(({ order }) => order?.id)).toEqual(first.results.map(({ order }) => order?.id));
});

test('all or nothing: one invalid row, and none is stored; the valid rows are aborted', async () => {
  const customerId = randomUUID();
  const stored = tea({ customerId });
  await createOrders(server, { orders: [stored] });
  const good = tea({ customerId });
  for (const [bad, code] of [
    [tea({ customerId, items: [{ ...TEA, quantity: 0 }] }), 'INVALID input.orders.1.items.0.quantity'],
    [{ ...stored, notes: 'another' }, 'IDEMPOTENCY_MISMATCH input.orders.1.idempotencyKey'],
    [tea({ customerId, expectedTotal: '1' }), 'TOTAL_MISMATCH input.orders.1.expectedTotal'],
  ] as const) {
    const { results } = await createOrders(server, { orders: [good, bad, tea({ customerId })] });
    expect(results.map(({ order }) => order)).toEqual([null, null, null]);
    expect(results.map(({ userErrors }) => codes(userErrors))).toEqual([
      ['BATCH_ABORTED input.orders.0'],
      [code],
      ['BATCH_ABORTED input.orders.2'],
    ]);
    expect(await countOf(customerId)).toBe(1);
  }
  expect((await createOrders(server, { orders: [good] })).results[0]?.order).not.toBeNull();
});

test('references within one request: the second of a pair is rejected, and with it an all-or-nothing request', async () => {
  const customerId = randomUUID();
  const pair = [tea({ customerId, externalReference: 'R' }), tea({ customerId, externalReference: 'R' })];
  const none = await createOrders(server, { orders: pair });
  expect(none.results.map(({ userErrors }) => codes(userErrors))).toEqual([
    ['BATCH_ABORTED input.orders.0'],
    ['DUPLICATE input.orders.1.externalReference'],
  ]);
  expect(await countOf(customerId)).toBe(0);
  const partial = await createOrders(server, { policy: 'PARTIAL', orders: pair });
  expect(partial.results.map(({ userErrors }) => codes(userErrors))).toEqual([
    [],
    ['DUPLICATE input.orders.1.externalReference'],
  ]);
  expect(await countOf(customerId)).toBe(1);
});

test('a rejected group returns no order that was not stored: a row repeated within it is aborted, one stored before is replayed', async () => {
  const customerId = randomUUID();
  await createdWholeOrder(server, { customerId, externalReference: 'taken' });
  const before = tea({ customerId });
  const [stored] = (await createOrders(server, { orders: [before] })).results;
  const repeated = tea({ customerId });
  const duplicate = tea({ customerId, externalReference: 'taken' });
  const inStore = await createOrders(server, { orders: [repeated, repeated, before, duplicate] });
  expect(inStore.results.map(({ userErrors }) => codes(userErrors))).toEqual([
    ['BATCH_ABORTED input.orders.0'],
    ['BATCH_ABORTED input.orders.1'],
    [],
    ['DUPLICATE input.orders.3.externalReference'],
  ]);
  expect(inStore.results[2]).toMatchObject({ replayed: true, order: { id: stored?.order?.id } });
  // Rejected before the store is asked, the same is said.
  const early = await createOrders(server, { orders: [repeated, before, tea({ items: [] })] });
  expect(early.results.map(({ userErrors }) => codes(userErrors))).toEqual([
    ['BATCH_ABORTED input.orders.0'],
    [],
    ['REQUIRED input.orders.2.items'],
  ]);
  expect(early.results[1]).toMatchObject({ replayed: true, order: { id: stored?.order?.id } });
  expect(await countOf(customerId)).toBe(2);
});

test('rows under one key are decided separately: a rejection of the first does not affect the next', async () => {
  const customerId = randomUUID();
  await createdWholeOrder(server, { customerId, externalReference: 'taken' });
  const key = { idempotencyKey: randomUUID() };
  const rows = ['taken', 'free', 'taken'].map((externalReference) => tea({ ...key, customerId, externalReference }));
  const { results } = await createOrders(server, { policy: 'PARTIAL', orders: rows });
  expect(results.map(({ userErrors }) => codes(userErrors))).toEqual([
    ['DUPLICATE input.orders.0.externalReference'],
    [],
    ['IDEMPOTENCY_MISMATCH input.orders.2.idempotencyKey'],
  ]);
});

test('partial: the valid rows are stored', async () => {
  const customerId = randomUUID();
  const orders = [tea({ customerId }), tea({ customerId, items: [] }), tea({ customerId })];
  const { results } = await createOrders(server, { policy: 'PARTIAL', orders });
  expect(results.map(({ userErrors }) => codes(userErrors))).toEqual([[], ['REQUIRED input.orders.1.items'], []]);
  expect(await countOf(customerId)).toBe(2);
});

test('all-or-nothing requests that conflict with each other and with single ones are stored as a whole or not at all', async () => {
  const customerId = randomUUID();
  const requests = Array.from({ length: 12 }, (_, request) => ({
    orders: Array.from({ length: 5 }, (_, row) =>
      tea({ customerId, externalReference: row === 2 ? 'the one' : `${request}.${row}` }),
    ),
  }));
  const answers = await Promise.all(requests.map((request) => createOrders(server, request)));
  const whole = answers.filter(({ results }) => results.every(({ order }) => order !== null));
  const none = answers.filter(({ results }) => results.every(({ order }) => order === null));
  expect([whole.length, none.length]).toEqual([1, 11]);
  expect(await countOf(customerId)).toBe(5);
  expect(await database.sql('SELECT 1 FROM order_references WHERE customer_id = $1', [customerId])).toHaveLength(5);
});

test('requests that are too large or empty are rejected as a whole, with the rule and the actual size', async () => {
  const lines = Array.from({ length: 200 }, () => TEA);
  const rejection = async (orders: readonly object[]) => {
    const { results, userErrors } = await createOrders(server, { orders });
    expect(results).toEqual([]);
    expect(userErrors).toHaveLength(1);
    return [...codes(userErrors), userErrors[0]?.message];
  };
  expect(await rejection([])).toEqual(['REQUIRED input.orders', 'orders must contain at least 1 entry.']);
  expect(await rejection(Array.from({ length: 101 }, () => tea()))).toEqual([
    'LIMIT_EXCEEDED input.orders',
    'orders must contain at most 100 entries; it contains 101.',
  ]);
  expect(await rejection(Array.from({ length: 11 }, () => tea({ items: lines })))).toEqual([
    'LIMIT_EXCEEDED input.orders',
    'orders must contain at most 2000 items in total; it contains 2200.',
  ]);
  const { userErrors } = await transitionOrders(server, []);
  expect(codes(userErrors)).toEqual(['REQUIRED input.changes']);
});

test('many statuses are changed separately, those of one order one after the other', async () => {
  const orders = await Promise.all(Array.from({ length: 30 }, () => createdWholeOrder(server)));
  const steps = ['CONFIRMED', 'PROCESSING', 'COMPLETED'];
  const changes = steps.flatMap((status, step) => orders.map(({ id }) => ({ id, status, expectedVersion: step + 1 })));
  changes.splice(5, 0, { id: randomUUID(), status: 'CONFIRMED', expectedVersion: 1 });
  const { results } = await transitionOrders(server, changes);
  expect(results).toHaveLength(91);
  expect(codes(results[5]?.userErrors ?? [])).toEqual(['NOT_FOUND input.changes.5.id']);
  expect(results.filter(({ changed }) => changed)).toHaveLength(90);
  for (const { id } of orders) expect(await readOrder(server, id)).toMatchObject({ status: 'COMPLETED', version: 4 });
});

test('a row that the database rejects unexpectedly does not affect the other rows', async () => {
  await database.sql("ALTER TABLE orders ADD CONSTRAINT of_the_test CHECK (notes <> 'poison')");
  const orders = [tea(), tea({ notes: 'poison' }), tea()];
  const { results } = await createOrders(server, { policy: 'PARTIAL', orders });
  expect(results.map(({ order }) => order !== null)).toEqual([true, false, true]);
  expect(results[1]?.userErrors).toMatchObject([{ code: 'SERVICE_UNAVAILABLE', retryable: false }]);
  const [, correlationId = ''] = /correlationId ([\w-]+)/.exec(results[1]?.userErrors[0]?.message ?? '') ?? [];
  expect(server.logged.some((line) => line['correlationId'] === correlationId)).toBe(true);
  const group = await createOrders(server, { orders: [tea(), tea({ notes: 'poison' })] });
  expect(group.results.map(({ order }) => order)).toEqual([null, null]);
  const told = group.results.map(({ userErrors }) => /correlationId ([\w-]+)/.exec(userErrors[0]?.message ?? '')?.[1]);
  expect(told[1]).toBe(told[0]); // one failure, logged once
  expect(server.logged.filter((line) => line['correlationId'] === told[0])).toHaveLength(1);
});
