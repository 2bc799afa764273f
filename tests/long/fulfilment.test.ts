import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { prepareJobSchema } from '../../src/fulfilment/job-schema.js';
import { startServer } from '../support/server.js';
import { databaseForTest, serverForTest } from '../support/fixture.js';
import { countSteps, JOBS, statusesOf } from '../support/fulfilment.js';
import { cancelOrder, createdOrder, deleteOrder, transitionOrder, updateOrder } from '../support/order-requests.js';

const ON = { FULFILMENT: 'simulated', FULFILMENT_COMPLETE_AFTER_MS: '200', DATABASE_MIGRATE: 'always' };

test('a new order becomes PROCESSING and COMPLETED, each once, by the server itself', async () => {
  const database = await databaseForTest();
  const server = await serverForTest(database, ON);
  const { id } = await createdOrder(server);
  const history = () =>
    database.sql(
      'SELECT to_status AS status, actor, actor_kind AS kind FROM order_events WHERE order_id = $1 ORDER BY version',
      [id],
    );
  const system = { actor: 'fulfilment', kind: 'system' };
  await expect.poll(history, JOBS).toEqual([
    { status: 'PENDING', actor: null, kind: 'admin' },
    { status: 'PROCESSING', ...system },
    { status: 'COMPLETED', ...system },
  ]);
});

test('switched on, it takes only orders created from then on; switched off and on, it continues with the queued steps', async () => {
  const database = await databaseForTest();
  const before = await startServer(database.url);
  const { id: old } = await createdOrder(before);
  await expect.poll(() => database.sql('SELECT 1 FROM order_events WHERE position IS NULL')).toEqual([]);
  await before.close();
  await (await startServer(database.url, ON)).close();

  const off = await startServer(database.url);
  const [pending, updated, cancelled, deleted, confirmed] = [
    await createdOrder(off),
    await createdOrder(off),
    await createdOrder(off),
    await createdOrder(off),
    await createdOrder(off),
  ];
  await updateOrder(off, { id: updated.id, expectedVersion: 1, notes: 'Ring twice.' });
  await cancelOrder(off, { id: cancelled.id, reason: 'CUSTOMER' });
  await deleteOrder(off, { id: deleted.id });
  await transitionOrder(off, { id: confirmed.id, status: 'CONFIRMED' });
  await off.close();

  await serverForTest(database, ON);
  const statuses = async () => {
    const all = [];
    for (const { id } of [pending, updated, cancelled, deleted, confirmed, { id: old }]) {
      all.push(await statusesOf(database, id));
    }
    return all;
  };
  const fulfilled = ['PENDING', 'PROCESSING', 'COMPLETED'];
  const all = [fulfilled, fulfilled, ['PENDING', 'CANCELLED'], ['PENDING'], ['PENDING', 'CONFIRMED'], ['PENDING']];
  await expect.poll(statuses, JOBS).toEqual(all);
  await expect.poll(() => countSteps(database), JOBS).toBe(0);
  expect(await statuses()).toEqual(all);
});

test('a server that must not migrate fails with instructions to create the tables of the job queue', async () => {
  const database = await databaseForTest();
  const start = startServer(database.url, { ...ON, DATABASE_MIGRATE: 'never' });
  await expect(start).rejects.toThrow(/ordergraph_jobs.*npm run migrate/);
  const log = pino({ level: 'silent' });
  await Promise.all([prepareJobSchema(database.url, true, log), prepareJobSchema(database.url, true, log)]);
  const server = await serverForTest(database, { ...ON, DATABASE_MIGRATE: 'never' });
  const { id } = await createdOrder(server, { id: randomUUID() });
  await expect.poll(() => statusesOf(database, id), JOBS).toHaveLength(3);
});
