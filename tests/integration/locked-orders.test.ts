import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { TEA } from '../support/order-documents.js';
import { createOrder, createOrders, transitionOrder } from '../support/order-requests.js';
import { lockOrders, randomIds } from '../support/rows.js';

const LOCKED = 250;

const ENV = { REQUEST_DEADLINE_MS: '60000' };
const database = useDatabase();
const servers = [useServer(database, ENV), useServer(database, ENV)] as const;

async function createIds(count: number): Promise<string[]> {
  const ids = randomIds(count);
  for (let from = 0; from < count; from += 100) {
    await createOrders(servers[0], { orders: ids.slice(from, from + 100).map((id) => ({ id, items: [TEA] })) });
  }
  return ids;
}

test('while 250 orders are locked, two servers do everything else; freed, the orders are changed within a second', async () => {
  const ids = await createIds(LOCKED);
  const blocker = await database.connect();
  await blocker.query('BEGIN');
  await lockOrders(blocker, ids);
  let answered = 0;
  const changes = ids.flatMap((id) =>
    servers.map(async (server) => {
      const answer = await transitionOrder(server, { id, status: 'CONFIRMED' });
      answered += 1;
      return answer;
    }),
  );
  await writeBeside(400);
  expect(answered).toBe(0);
  await blocker.query('COMMIT');
  const freed = performance.now();
  const answers = await Promise.all(changes);
  expect(performance.now() - freed).toBeLessThan(5_000); // a second, and slack for a busy machine
  expect(answers.flatMap(({ userErrors }) => userErrors)).toEqual([]);
  expect(answers.filter(({ changed }) => changed)).toHaveLength(LOCKED);
  const changed = "SELECT 1 FROM orders WHERE id = any($1) AND status = 'CONFIRMED' AND version = 2";
  expect(await database.sql(changed, [ids])).toHaveLength(LOCKED);
});

/** Creates and changes other orders on both servers, ten at a time. */
async function writeBeside(count: number): Promise<void> {
  let left = count;
  const client = async (_: unknown, index: number) => {
    const server = servers[index % 2 === 0 ? 0 : 1];
    while (left-- > 0) {
      const { order } = await createOrder(server);
      expect(await transitionOrder(server, { id: order?.id, status: 'CONFIRMED' })).toMatchObject({ changed: true });
    }
  };
  await Promise.all(Array.from({ length: 10 }, client));
}

test('a read waits for a table that a migration locks for a moment', async () => {
  const [id = ''] = await createIds(1);
  const migration = await database.connect();
  await migration.query('BEGIN; LOCK TABLE order_items IN ACCESS EXCLUSIVE MODE');
  const reading = servers[0].request('query ($id: ID!) { order(id: $id) { items { name } } }', { id });
  await migration.query('SELECT pg_sleep(0.2)'); // longer than the lock timeout of 50 ms
  await migration.query('COMMIT');
  expect(await reading).toMatchObject({ data: { order: { items: [{ name: TEA.name }] } } });
});
