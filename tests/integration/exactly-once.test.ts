import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { serverForTest, useDatabase, useServer } from '../support/fixture.js';
import { TEA } from '../support/order-documents.js';
import { createOrder } from '../support/order-requests.js';

const database = useDatabase();
const servers = [useServer(database), useServer(database)] as const;

async function countOrders(): Promise<number> {
  const [row] = await database.sql<{ count: string }>('SELECT count(*) FROM orders');
  return Number(row?.count);
}

test('two hundred concurrent creates with one key on two servers create one order', async () => {
  const before = await countOrders();
  const results = await Promise.all(
    Array.from({ length: 200 }, async (_, index) =>
      createOrder(servers[index % 2 === 0 ? 0 : 1], { idempotencyKey: 'one key' }),
    ),
  );
  expect(new Set(results.map((result) => result.order?.id)).size).toBe(1);
  expect(results.filter((result) => !result.replayed)).toHaveLength(1);
  expect(results.flatMap((result) => result.userErrors)).toEqual([]);
  expect(await countOrders()).toBe(before + 1);
});

test('fifty keys with twenty concurrent callers each create fifty orders and fifty CREATED events', async () => {
  const before = await countOrders();
  const calls = Array.from({ length: 1_000 }, (_, index) => index % 50);
  const results = await Promise.all(
    calls.map(async (key, index) => createOrder(servers[index % 3 === 0 ? 0 : 1], { idempotencyKey: `key ${key}` })),
  );
  expect(new Set(results.map((result) => result.order?.id)).size).toBe(50);
  expect(results.filter((result) => !result.replayed)).toHaveLength(50);
  expect(await countOrders()).toBe(before + 50);
  const [events] = await database.sql<{ count: string }>("SELECT count(*) FROM order_events WHERE type = 'CREATED'");
  expect(Number(events?.count)).toBe(await countOrders());
});

test('a client id works like a key and is case-insensitive', async () => {
  const id = randomUUID();
  const first = await createOrder(servers[0], { id });
  const again = await createOrder(servers[1], { id: id.toUpperCase() });
  expect(first).toMatchObject({ replayed: false, order: { id } });
  expect(again).toMatchObject({ replayed: true, order: first.order });
});

test('another request with a used id or key is rejected, and the order stays unchanged', async () => {
  const id = randomUUID();
  await createOrder(servers[0], { id });
  await createOrder(servers[0], { idempotencyKey: 'taken' });
  const byId = await createOrder(servers[1], { id, items: [{ ...TEA, quantity: 4 }] });
  const byKey = await createOrder(servers[1], { idempotencyKey: 'taken', customerId: 'another' });
  for (const [result, field] of [[byId, 'id'] as const, [byKey, 'idempotencyKey'] as const]) {
    expect(result).toMatchObject({
      order: null,
      replayed: false,
      userErrors: [
        { __typename: 'IdempotencyError', code: 'IDEMPOTENCY_MISMATCH', field: ['input', field], retryable: false },
      ],
    });
  }
  const [row] = await database.sql<{ quantity: number }>('SELECT quantity FROM order_items WHERE order_id = $1', [id]);
  expect(row?.quantity).toBe(3);
});

test('one of different concurrent requests with one new key creates its order; the others are rejected', async () => {
  const results = await Promise.all(
    Array.from({ length: 20 }, async (_, index) =>
      createOrder(servers[index % 2 === 0 ? 0 : 1], { idempotencyKey: 'contested', notes: `variant ${index % 4}` }),
    ),
  );
  const ids = new Set(results.flatMap((result) => result.order?.id ?? []));
  expect(ids.size).toBe(1);
  expect(results.filter((result) => result.order !== null)).toHaveLength(5);
  expect(results.filter((result) => result.userErrors[0]?.code === 'IDEMPOTENCY_MISMATCH')).toHaveLength(15);
});

test('the same order is returned after a restart', async () => {
  const before = await createOrder(servers[0], { idempotencyKey: 'across a restart' });
  const restarted = await serverForTest(database);
  const after = await createOrder(restarted, { idempotencyKey: 'across a restart' });
  expect(after).toMatchObject({ replayed: true, order: before.order });
});

test('another notation of the same price is the same request', async () => {
  const first = await createOrder(servers[0], {
    idempotencyKey: 'spelling',
    items: [{ name: 'Tea', unitPrice: '4.2' }],
  });
  const again = await createOrder(servers[0], {
    idempotencyKey: 'spelling',
    items: [{ name: ' Tea ', quantity: 1, unitPrice: 4.2 }],
  });
  expect(again).toMatchObject({ replayed: true, order: first.order });
});
