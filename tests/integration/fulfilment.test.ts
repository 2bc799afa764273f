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

test('switched on, it takes only orders created from then on; switched off and on, it continues with those that wait', async () => {
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
  const statuses = () =>
    Promise.all(
      [pending, updated, cancelled, deleted, confirmed, { id: old }].map(({ id }) => statusesOf(database, id)),
    );
  const fulfilled = ['PENDING', 'PROCESSING', 'COMPLETED'];
  const all = [fulfilled, fulfilled, ['PENDING', 'CANCELLED'], ['PENDING'], ['PENDING', 'CONFIRMED'], ['PENDING']];
  await expect.poll(statuses, JOBS).toEqual(all);
  await expect.poll(() => countSteps(database), JOBS).toBe(0);
  expect(await statuses()).toEqual(all);
});

test('an order that is cancelled or advanced while it waits in PROCESSING is left alone', async () => {
  const database = await databaseForTest();
  const server = await serverForTest(database, { ...ON, FULFILMENT_COMPLETE_AFTER_MS: '2000' });
  const [cancelled, shipped] = [await createdOrder(server), await createdOrder(server)];
  const isProcessing = async () =>
    (await Promise.all([cancelled, shipped].map(({ id }) => statusesOf(database, id)))).every(
      (statuses) => statuses.length === 2,
    );
  await expect.poll(isProcessing, JOBS).toBe(true);
  await cancelOrder(server, { id: cancelled.id, reason: 'CUSTOMER' });
  await transitionOrder(server, { id: shipped.id, status: 'SHIPPED' });
  await expect.poll(() => countSteps(database), JOBS).toBe(2);
  await expect.poll(() => countSteps(database), JOBS).toBe(0);
  expect(await statusesOf(database, cancelled.id)).toEqual(['PENDING', 'PROCESSING', 'CANCELLED']);
  expect(await statusesOf(database, shipped.id)).toEqual(['PENDING', 'PROCESSING', 'SHIPPED']);
});

test('an order that an employee has set to PROCESSING is not completed', async () => {
  const database = await databaseForTest();
  await (await startServer(database.url, ON)).close(); // the consumer is known from here on
  const off = await startServer(database.url);
  const { id } = await createdOrder(off);
  await transitionOrder(off, { id, status: 'PROCESSING' });
  await off.close();
  const server = await serverForTest(database, ON);
  const { id: later } = await createdOrder(server);
  await expect.poll(() => statusesOf(database, later), JOBS).toHaveLength(3);
  expect(await statusesOf(database, id)).toEqual(['PENDING', 'PROCESSING']);
});

test('a server that must not migrate says how to create the tables of the job queue', async () => {
  const database = await databaseForTest();
  const start = startServer(database.url, { ...ON, DATABASE_MIGRATE: 'never' });
  await expect(start).rejects.toThrow(/ordergraph_jobs.*npm run migrate/);
  const log = pino({ level: 'silent' });
  await Promise.all([prepareJobSchema(database.url, true, log), prepareJobSchema(database.url, true, log)]);
  const server = await serverForTest(database, { ...ON, DATABASE_MIGRATE: 'never' });
  const { id } = await createdOrder(server, { id: randomUUID() });
  await expect.poll(() => statusesOf(database, id), JOBS).toHaveLength(3);
});
