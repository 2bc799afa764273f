import { expect, test } from 'vitest';
import { useDatabase } from '../support/fixture.js';
import { startProcess } from '../support/process.js';
import { createdOrder, createOrder, transitionOrder } from '../support/order-requests.js';

const database = useDatabase();

test('two processes on one database create one order for one key, and both deliver all changes', async () => {
  const env = { DATABASE_URL: database.url };
  const [one, two] = await Promise.all([startProcess(env), startProcess(env)]);
  expect(one.output()).toContain('No authentication is configured: every client is admin.');
  const results = await Promise.all(
    Array.from({ length: 200 }, async (_, index) =>
      createOrder(index % 2 === 0 ? one : two, { idempotencyKey: 'over processes' }),
    ),
  );
  expect(new Set(results.map((result) => result.order?.id)).size).toBe(1);
  expect(results.filter((result) => !result.replayed)).toHaveLength(1);

  const query = 'subscription ($to: [OrderStatus!]) { orderStatusChanged(to: $to) { orderId version to } }';
  interface Seen {
    readonly orderStatusChanged: { readonly orderId: string; readonly version: number; readonly to: string };
  }
  const watchers = await Promise.all(
    [one, two].map(async (server) => server.subscribe<Seen>(query, { to: ['CONFIRMED', 'SHIPPED'] })),
  );
  const { id } = await createdOrder(one);
  await transitionOrder(one, { id, status: 'CONFIRMED' });
  await transitionOrder(two, { id, status: 'SHIPPED' });
  for (const watcher of watchers) {
    const seen = await watcher.until((events) => events.length === 2);
    expect(seen.map((event) => event.orderStatusChanged)).toEqual([
      { orderId: id, version: 2, to: 'CONFIRMED' },
      { orderId: id, version: 3, to: 'SHIPPED' },
    ]);
  }
});

test('a process killed under load loses no acknowledged order, and retries create no duplicates', async () => {
  const env = { DATABASE_URL: database.url };
  const [killed, other] = await Promise.all([startProcess(env), startProcess(env)]);
  const acknowledged: string[] = [];
  const calls = Array.from({ length: 400 }, async (_, index) => {
    const input = { idempotencyKey: `killed ${index}`, notes: 'under load' };
    const result = await createOrder(killed, input).catch(() => null);
    if (result?.order !== null && result?.order !== undefined) acknowledged.push(result.order.id);
    if (acknowledged.length === 100) await killed.end('SIGKILL');
  });
  await Promise.all(calls);
  expect(acknowledged.length).toBeGreaterThanOrEqual(100);
  const stored = await database.sql<{ id: string }>("SELECT id FROM orders WHERE notes = 'under load'");
  const ids = new Set(stored.map((row) => row.id));
  expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);

  const retried = await Promise.all(
    Array.from({ length: 400 }, async (_, index) =>
      createOrder(other, { idempotencyKey: `killed ${index}`, notes: 'under load' }),
    ),
  );
  expect(retried.every((result) => result.order !== null)).toBe(true);
  const [row] = await database.sql<{ orders: number }>(
    "SELECT count(*)::int AS orders FROM orders WHERE notes = 'under load'",
  );
  expect(row?.orders).toBe(400);
  // The full scan of the other process assigns their positions.
  const unsequenced = () => database.sql('SELECT 1 FROM order_events WHERE position IS NULL');
  await expect.poll(unsequenced, { timeout: 20_000 }).toEqual([]);
});
