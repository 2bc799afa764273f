import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { holdLocks } from '../support/locks.js';
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

test('with 250 locked orders two servers execute all other writes, and change the orders within a second after their release', async () => {
  const ids = await createIds(LOCKED);
  const release = await holdLocks(database, (client) => lockOrders(client, ids));
  let finished = 0;
  const changes = ids.flatMap((id) =>
    servers.map(async (server) => {
      const result = await transitionOrder(server, { id, status: 'CONFIRMED' });
      finished += 1;
      return result;
    }),
  );
  await writeOtherOrders(400);
  expect(finished).toBe(0);
  await release();
  const releasedAt = performance.now();
  const results = await Promise.all(changes);
  expect(performance.now() - releasedAt).toBeLessThan(5_000); // one second, and a margin for busy machines
  expect(results.flatMap(({ userErrors }) => userErrors)).toEqual([]);
  expect(results.filter(({ changed }) => changed)).toHaveLength(LOCKED);
  const changed = "SELECT 1 FROM orders WHERE id = any($1) AND status = 'CONFIRMED' AND version = 2";
  expect(await database.sql(changed, [ids])).toHaveLength(LOCKED);
});

/** Creates and changes other orders on both servers, ten at a time. */
async function writeOtherOrders(count: number): Promise<void> {
  let remaining = count;
  const client = async (_: unknown, index: number) => {
    const server = servers[index % 2 === 0 ? 0 : 1];
    while (remaining-- > 0) {
      const { order } = await createOrder(server);
      expect(await transitionOrder(server, { id: order?.id, status: 'CONFIRMED' })).toMatchObject({ changed: true });
    }
  };
  await Promise.all(Array.from({ length: 10 }, client));
}

test('a read waits for a table that a migration locks briefly', async () => {
  const [id = ''] = await createIds(1);
  const migration = await database.connect();
  await migration.query('BEGIN; LOCK TABLE order_items IN ACCESS EXCLUSIVE MODE');
  const reading = servers[0].request('query ($id: ID!) { order(id: $id) { items { name } } }', { id });
  await migration.query('SELECT pg_sleep(0.2)'); // longer than the lock timeout of 50 ms
  await migration.query('COMMIT');
  expect(await reading).toMatchObject({ data: { order: { items: [{ name: TEA.name }] } } });
});
