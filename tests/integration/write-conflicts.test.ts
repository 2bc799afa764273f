import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { expect, test } from 'vitest';
import { useDatabase, useProxy, useServer } from '../support/fixture.js';
import { TEA } from '../support/order-documents.js';
import {
  codes,
  createdWholeOrder,
  createOrders,
  createWholeOrder,
  readOrder,
  transitionOrders,
  transitionWholeOrder,
  updateOrder,
} from '../support/order-requests.js';
import { claimReferences, insertOrders, lockOrders } from '../support/rows.js';
import type { TestServer } from '../support/server.js';

/*
 * Batches that wait for locks of other transactions: the order of their locks, and the release of the locks they hold.
 * The first server has one lane, so that requests during a waiting batch share the next batch. Its long lock timeout
 * lets a batch wait for an id or a reference in its first attempt.
 */

const LONG_TIMEOUTS = { DATABASE_STATEMENT_TIMEOUT_MS: '25000', REQUEST_DEADLINE_MS: '60000' };

const database = useDatabase();
const server = useServer(database, { ...LONG_TIMEOUTS, WRITE_LANES: '1', DATABASE_LOCK_TIMEOUT_MS: '20000' });
const other = useServer(database, { ...LONG_TIMEOUTS, DATABASE_LOCK_TIMEOUT_MS: '100' });
const proxy = useProxy(database);
/** Behind a proxy that records its statements. */
const recorded = useServer(proxy, { ...LONG_TIMEOUTS, DATABASE_LOCK_TIMEOUT_MS: '100' });

interface LockHolder {
  /** The number of transactions that wait for locks of this one. */
  readonly waiting: () => Promise<number>;
  /** Resolves when another transaction waits for this one. */
  readonly waitedFor: () => Promise<void>;
  /** Rolls the transaction back. */
  readonly release: () => Promise<void>;
}

/** A statement that takes locks. */
type Lock = (client: Client) => Promise<unknown>;

/** Opens a transaction that holds the locks of its statement. */
async function hold(lock: Lock): Promise<LockHolder> {
  const client = await database.connect();
  await client.query('BEGIN');
  await lock(client);
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const waiting = async () => {
    const waiters = 'SELECT 1 FROM pg_stat_activity WHERE $1 = any(pg_blocking_pids(pid))';
    return (await database.sql(waiters, [rows[0]?.pid])).length;
  };
  return {
    waiting,
    waitedFor: () => expect.poll(waiting, { timeout: 20_000, interval: 10 }).toBeGreaterThanOrEqual(1),
    release: async () => {
      await client.query('ROLLBACK');
    },
  };
}

const insertOf =
  (id: string): Lock =>
  (client) =>
    insertOrders(client, [{ id }]);
const claimOf =
  (customerId: string, reference: string): Lock =>
  (client) =>
    claimReferences(client, customerId, [reference]);
const holdOrder = (...ids: string[]) => hold((client) => lockOrders(client, ids));
const holdReference = (customerId: string, reference: string) => hold(claimOf(customerId, reference));

/** Whether another transaction gets the lock without waiting. It is rolled back. */
async function isFree(lock: Lock): Promise<boolean> {
  const client: Client = await database.connect();
  await client.query("BEGIN; SET LOCAL lock_timeout = '300ms'");
  try {
    await lock(client);
    return true;
  } catch (cause) {
    if ((cause as { code?: string }).code === '55P03') return false;
    throw cause;
  } finally {
    await client.query('ROLLBACK');
  }
}

/** Occupies the only lane until `release` is called. Requests sent before share the next batch. */
async function occupyLane(): Promise<{ readonly release: () => Promise<void> }> {
  const id = randomUUID();
  const holder = await hold(insertOf(id));
  const waiting = createdWholeOrder(server, { id });
  await holder.waitedFor();
  return {
    async release() {
      await server.get('{ orders(first: 1) { nodes { id } } }'); // earlier requests have arrived
      await holder.release();
      expect(await waiting).toMatchObject({ id });
    },
  };
}

/** Resolves after this number of further probes of locked orders. */
async function probed(count: number): Promise<void> {
  const before = proxy.statements.length;
  const probes = () => proxy.statements.slice(before).filter((sql) => sql.startsWith('\nSELECT o.id FROM orders o'));
  await expect.poll(() => probes().length, { timeout: 20_000, interval: 10 }).toBeGreaterThanOrEqual(count);
}

/** Random ids in ascending order. */
function sortedIds(count: number): string[] {
  return Array.from({ length: count }, () => randomUUID()).toSorted();
}

test('new orders are inserted in id order, so that concurrent batches do not deadlock', async () => {
  const [first = '', ...rest] = sortedIds(4);
  const holder = await hold(insertOf(first));
  const orders = [...rest, first].map((id) => ({ id, items: [TEA] }));
  const creating = createOrders(server, { orders });
  await holder.waitedFor();
  for (const id of rest) expect(await isFree(insertOf(id))).toBe(true);
  await holder.release();
  expect((await creating).results.every(({ order }) => order !== null)).toBe(true);
});

test('a batch of changes does not wait for locked orders and changes the others', async () => {
  const ids = sortedIds(4);
  const [first = '', ...rest] = ids;
  for (const id of ids) await createdWholeOrder(server, { id });
  const holder = await holdOrder(first);
  const lane = await occupyLane();
  const changing = ids.map((id) => transitionWholeOrder(server, { id, status: 'CONFIRMED' }));
  await lane.release();
  const changed = await Promise.all(changing.slice(1));
  expect(changed.map(({ order }) => order?.status)).toEqual(rest.map(() => 'CONFIRMED'));
  expect(await holder.waiting()).toBe(0);
  await holder.release();
  expect(await changing[0]).toMatchObject({ changed: true });
});

test('external references are claimed in sort order', async () => {
  const customerId = randomUUID();
  const holder = await holdReference(customerId, 'a');
  const orders = ['d', 'c', 'b', 'a'].map((externalReference) => ({ customerId, externalReference, items: [TEA] }));
  const creating = createOrders(server, { orders });
  await holder.waitedFor();
  for (const reference of ['b', 'c', 'd']) expect(await isFree(claimOf(customerId, reference))).toBe(true);
  await holder.release();
  expect((await creating).results.every(({ order }) => order !== null)).toBe(true);
});

/** The time of the database in milliseconds, later than the start of every open transaction. */
async function later(): Promise<Date> {
  await database.sql('SELECT pg_sleep(0.01)');
  const [row] = await database.sql<{ now: Date }>("SELECT date_trunc('milliseconds', clock_timestamp()) AS now");
  return row?.now ?? new Date();
}

test('the time of a change is after the release of the order, not the start of the transaction', async () => {
  const { id } = await createdWholeOrder(server);
  const holder = await holdOrder(id);
  const pending = transitionWholeOrder(recorded, { id, status: 'CONFIRMED' });
  await probed(1);
  const free = await later();
  await holder.release();
  const { order } = await pending;
  expect(new Date(order?.updatedAt ?? 0).getTime()).toBeGreaterThanOrEqual(free.getTime());
});

test('the time of a creation is after the release of the external reference, not the start of the transaction', async () => {
  const customerId = randomUUID();
  const holder = await holdReference(customerId, 'a');
  const creating = createdWholeOrder(server, { customerId, externalReference: 'a' });
  await holder.waitedFor();
  const free = await later();
  await holder.release();
  const { createdAt } = await creating;
  expect(new Date(createdAt as string).getTime()).toBeGreaterThanOrEqual(free.getTime());
});

test('a request rejected as a mismatch releases the reference that it has claimed', async () => {
  const [id, customerId] = [randomUUID(), randomUUID()];
  const holder = await holdReference(customerId, 'a');
  const late = createWholeOrder(server, { id, customerId, externalReference: 'a' });
  await holder.waitedFor(); // its check has found no order with this id
  const first = await createdWholeOrder(other, { id, customerId });
  await holder.release();
  expect(codes((await late).userErrors)).toEqual(['IDEMPOTENCY_MISMATCH input.id']);
  const claims = 'SELECT order_id FROM order_references WHERE customer_id = $1';
  expect(await database.sql(claims, [customerId])).toEqual([]);
  await createdWholeOrder(server, { customerId, externalReference: 'a' });
  expect(await readOrder(server, id)).toEqual(first);
});

test('concurrent creates of two customers with one id store one order and no claim of the other customer', async () => {
  const [id, externalReference] = [randomUUID(), randomUUID()];
  const holder = await holdReference('B', externalReference);
  const rejected = createWholeOrder(server, { id, customerId: 'B', externalReference });
  await holder.waitedFor(); // both checks have found no order with this id
  const winner = await createdWholeOrder(other, { id, customerId: 'A', externalReference });
  await holder.release();
  expect(codes((await rejected).userErrors)).toEqual(['IDEMPOTENCY_MISMATCH input.id']);
  const claims = 'SELECT customer_id, order_id FROM order_references WHERE external_reference = $1';
  expect(await database.sql(claims, [externalReference])).toEqual([{ customer_id: 'A', order_id: winner.id }]);
});

test('a reference released in a batch is available to the next command of the same batch', async () => {
  const customerId = randomUUID();
  const one = await createdWholeOrder(server, { customerId, externalReference: 'a' });
  const two = await createdWholeOrder(server, { customerId });
  const lane = await occupyLane();
  const change = (id: string, externalReference: string) =>
    updateOrder(server, { id, expectedVersion: 1, externalReference });
  const releasing = change(one.id, 'b');
  await server.get('{ orders(first: 1) { nodes { id } } }'); // the first of the two has arrived
  const claiming = change(two.id, 'a');
  await lane.release();
  expect(await Promise.all([releasing, claiming])).toMatchObject([
    { changed: true, order: { externalReference: 'b' }, userErrors: [] },
    { changed: true, order: { externalReference: 'a' }, userErrors: [] },
  ]);
});

test('transitions of one order in one request are applied in order, regardless of the duration of its lock', async () => {
  const orders = await Promise.all(Array.from({ length: 8 }, () => createdWholeOrder(recorded)));
  const steps = ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'COMPLETED'];
  const holder = await holdOrder(...orders.map(({ id }) => id));
  const changes = steps.flatMap((status, at) => orders.map(({ id }) => ({ id, status, expectedVersion: at + 1 })));
  const pending = transitionOrders(recorded, changes);
  await probed(4);
  await holder.release();
  const { results } = await pending;
  expect(results.flatMap(({ userErrors }) => userErrors)).toEqual([]);
  for (const { id } of orders) expect(await readOrder(recorded, id)).toMatchObject({ status: 'COMPLETED', version: 6 });
});

test('order numbers of concurrent servers are unique', async () => {
  const before = await database.sql<{ number: string }>('SELECT number FROM orders');
  const many = (server: TestServer) =>
    createOrders(server, { orders: Array.from({ length: 100 }, () => ({ items: [TEA] })) });
  const results = await Promise.all([server, other, server, other].map(many));
  const numbers = results.flatMap(({ results }) => results.map(({ order }) => order?.number));
  expect(new Set([...before.map(({ number }) => number), ...numbers]).size).toBe(before.length + 400);
});
