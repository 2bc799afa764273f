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

test('createOrders returns a result for each order in the order of the input, and replays them in the same order', async () => {
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

test('all or nothing: one invalid row aborts the valid rows, and nothing is stored', async () => {
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

test('the second of two equal references in one request is rejected and fails an all-or-nothing request', async () => {
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

test('a rejected group returns only stored orders: repeated new rows are aborted, stored rows are replayed', async () => {
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
  // A rejection before the store returns the same results.
  const early = await createOrders(server, { orders: [repeated, before, tea({ items: [] })] });
  expect(early.results.map(({ userErrors }) => codes(userErrors))).toEqual([
    ['BATCH_ABORTED input.orders.0'],
    [],
    ['REQUIRED input.orders.2.items'],
  ]);
  expect(early.results[1]).toMatchObject({ replayed: true, order: { id: stored?.order?.id } });
  expect(await countOf(customerId)).toBe(2);
});

test('rows with one key are decided separately: the rejection of a row does not affect the next one', async () => {
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

test('conflicting all-or-nothing requests are stored completely or not at all', async () => {
  const customerId = randomUUID();
  const requests = Array.from({ length: 12 }, (_, request) => ({
    orders: Array.from({ length: 5 }, (_, row) =>
      tea({ customerId, externalReference: row === 2 ? 'the one' : `${request}.${row}` }),
    ),
  }));
  const responses = await Promise.all(requests.map((request) => createOrders(server, request)));
  const whole = responses.filter(({ results }) => results.every(({ order }) => order !== null));
  const none = responses.filter(({ results }) => results.every(({ order }) => order === null));
  expect([whole.length, none.length]).toEqual([1, 11]);
  expect(await countOf(customerId)).toBe(5);
  expect(await database.sql('SELECT 1 FROM order_references WHERE customer_id = $1', [customerId])).toHaveLength(5);
});

test('empty and too large requests are rejected with the limit and the actual size', async () => {
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

test('transitions are decided separately, and transitions of one order in the order of the request', async () => {
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

test('an unexpected failure of a row does not affect the other rows', async () => {
  await database.sql("ALTER TABLE orders ADD CONSTRAINT of_the_test CHECK (notes <> 'poison')");
  const orders = [tea(), tea({ notes: 'poison' }), tea()];
  const { results } = await createOrders(server, { policy: 'PARTIAL', orders });
  expect(results.map(({ order }) => order !== null)).toEqual([true, false, true]);
  expect(results[1]?.userErrors).toMatchObject([{ code: 'SERVICE_UNAVAILABLE', retryable: false }]);
  const [, correlationId = ''] = /correlationId ([\w-]+)/.exec(results[1]?.userErrors[0]?.message ?? '') ?? [];
  expect(server.logged.some((line) => line['correlationId'] === correlationId)).toBe(true);
  const group = await createOrders(server, { orders: [tea(), tea({ notes: 'poison' })] });
  expect(group.results.map(({ order }) => order)).toEqual([null, null]);
  const correlationIds = group.results.map(
    ({ userErrors }) => /correlationId ([\w-]+)/.exec(userErrors[0]?.message ?? '')?.[1],
  );
  expect(correlationIds[1]).toBe(correlationIds[0]); // one failure, logged once
  expect(server.logged.filter((line) => line['correlationId'] === correlationIds[0])).toHaveLength(1);
});
