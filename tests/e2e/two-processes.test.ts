import { expect, test } from 'vitest';
import { useDatabase } from '../support/fixture.js';
import { startProcess } from '../support/process.js';
import { createdOrder, createOrder, transitionOrder } from '../support/order-requests.js';

const database = useDatabase();

test('two processes on one database make one order for one key and see each other’s changes', async () => {
  const env = { DATABASE_URL: database.url };
  const [one, two] = await Promise.all([startProcess(env), startProcess(env)]);
  expect(one.output()).toContain('No authentication is configured: every client is admin.');
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, index) =>
      createOrder(index % 2 === 0 ? one : two, { idempotencyKey: 'over processes' }),
    ),
  );
  expect(new Set(answers.map((answer) => answer.order?.id)).size).toBe(1);
  expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);

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

test('a process that is killed under load loses no order that it acknowledged, and none twice', async () => {
  const env = { DATABASE_URL: database.url };
  const [victim, other] = await Promise.all([startProcess(env), startProcess(env)]);
  const acknowledged: string[] = [];
  const calls = Array.from({ length: 400 }, async (_, index) => {
    const input = { idempotencyKey: `killed ${index}`, notes: 'under fire' };
    const answer = await createOrder(victim, input).catch(() => null);
    if (answer?.order !== null && answer?.order !== undefined) acknowledged.push(answer.order.id);
    if (acknowledged.length === 100) await victim.end('SIGKILL');
  });
  await Promise.all(calls);
  expect(acknowledged.length).toBeGreaterThanOrEqual(100);
  const stored = await database.sql<{ id: string }>("SELECT id FROM orders WHERE notes = 'under fire'");
  const ids = new Set(stored.map((row) => row.id));
  expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);

  const retried = await Promise.all(
    Array.from({ length: 400 }, async (_, index) =>
      createOrder(other, { idempotencyKey: `killed ${index}`, notes: 'under fire' }),
    ),
  );
  expect(retried.every((answer) => answer.order !== null)).toBe(true);
  const [row] = await database.sql<{ orders: number }>(
    "SELECT count(*)::int AS orders FROM orders WHERE notes = 'under fire'",
  );
  expect(row?.orders).toBe(400);
  // The full look of the other process finds them.
  const left = () => database.sql('SELECT 1 FROM order_events WHERE position IS NULL');
  await expect.poll(left, { timeout: 20_000 }).toEqual([]);
});
