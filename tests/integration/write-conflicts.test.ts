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
 * Batches that meet locks of other transactions: in which order they take theirs, and what happens to the locks they have.
 * One lane, so that requests that arrive while a batch waits share the next batch. A long lock timeout, so that a batch
 * waits for an id or a reference in its first attempt.
 */

const PATIENT = { DATABASE_STATEMENT_TIMEOUT_MS: '25000', REQUEST_DEADLINE_MS: '60000' };

const database = useDatabase();
const server = useServer(database, { ...PATIENT, WRITE_LANES: '1', DATABASE_LOCK_TIMEOUT_MS: '20000' });
const other = useServer(database, { ...PATIENT, DATABASE_LOCK_TIMEOUT_MS: '100' });
const proxy = useProxy(database);
/** On a proxy that records its statements. */
const recorded = useServer(proxy, { ...PATIENT, DATABASE_LOCK_TIMEOUT_MS: '100' });

interface Holder {
  /** How many transactions wait for what this one has locked. */
  readonly waiting: () => Promise<number>;
  /** Resolves when another transaction waits for it. */
  readonly met: () => Promise<void>;
  /** Ends the transaction; what it wrote is undone. */
  readonly release: () => Promise<void>;
}

/** What a transaction does to have locks. */
type Lock = (client: Client) => Promise<unknown>;

/** A transaction that holds what its statement locks. */
async function hold(lock: Lock): Promise<Holder> {
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
    met: () => expect.poll(waiting, { timeout: 20_000, interval: 10 }).toBeGreaterThanOrEqual(1),
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

/** Whether another transaction gets the lock without waiting. What it did is undone. */
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

/** Occupies the only lane until `go` is called: what is sent meanwhile shares the next batch. */
async function holdLane(): Promise<{ readonly go: () => Promise<void> }> {
  const id = randomUUID();
  const holder = await hold(insertOf(id));
  const waiting = createdWholeOrder(server, { id });
  await holder.met();
  return {
    async go() {
      await server.get('{ orders(first: 1) { nodes { id } } }'); // what was sent before has arrived
      await holder.release();
      expect(await waiting).toMatchObject({ id });
    },
  };
}

/** Resolves when this many probes of locked orders have been sent from now on. */
async function probed(count: number): Promise<void> {
  const before = proxy.statements.length;
  const probes = () => proxy.statements.slice(before).filter((sql) => sql.startsWith('\nSELECT o.id FROM orders o'));
  await expect.poll(() => probes().length, { timeout: 20_000, interval: 10 }).toBeGreaterThanOrEqual(count);
}

/** Ids in their order. */
function someIds(count: number): string[] {
  return Array.from({ length: count }, () => randomUUID()).toSorted();
}

test('new orders are inserted in the order of their ids, so that two batches never wait for each other', async () => {
  const [first = '', ...rest] = someIds(4);
  const holder = await hold(insertOf(first));
  const orders = [...rest, first].map((id) => ({ id, items: [TEA] }));
  const creating = createOrders(server, { orders });
  await holder.met();
  for (const id of rest) expect(await isFree(insertOf(id))).toBe(true);
  await holder.release();
  expect((await creating).results.every(({ order }) => order !== null)).toBe(true);
});

test('a batch of changes waits for none of its orders: the ones that are not locked are changed', async () => {
  const ids = someIds(4);
  const [first = '', ...rest] = ids;
  for (const id of ids) await createdWholeOrder(server, { id });
  const holder = await holdOrder(first);
  const lane = await holdLane();
  const changing = ids.map((id) => transitionWholeOrder(server, { id, status: 'CONFIRMED' }));
  await lane.go();
  const changed = await Promise.all(changing.slice(1));
  expect(changed.map(({ order }) => order?.status)).toEqual(rest.map(() => 'CONFIRMED'));
  expect(await holder.waiting()).toBe(0);
  await holder.release();
  expect(await changing[0]).toMatchObject({ changed: true });
});

test('external references are claimed in their order', async () => {
  const customerId = randomUUID();
  const holder = await holdReference(customerId, 'a');
  const orders = ['d', 'c', 'b', 'a'].map((externalReference) => ({ customerId, externalReference, items: [TEA] }));
  const creating = createOrders(server, { orders });
  await holder.met();
  for (const reference of ['b', 'c', 'd']) expect(await isFree(claimOf(customerId, reference))).toBe(true);
  await holder.release();
  expect((await creating).results.every(({ order }) => order !== null)).toBe(true);
});

/** The database's clock in whole milliseconds, later than the beginning of every open transaction. */
async function later(): Promise<Date> {
  await database.sql('SELECT pg_sleep(0.01)');
  const [row] = await database.sql<{ now: Date }>("SELECT date_trunc('milliseconds', clock_timestamp()) AS now");
  return row?.now ?? new Date();
}

test('a change happened after the order was free, not when its transaction began', async () => {
  const { id } = await createdWholeOrder(server);
  const holder = await holdOrder(id);
  const moving = transitionWholeOrder(recorded, { id, status: 'CONFIRMED' });
  await probed(1);
  const free = await later();
  await holder.release();
  const { order } = await moving;
  expect(new Date(order?.updatedAt ?? 0).getTime()).toBeGreaterThanOrEqual(free.getTime());
});

test('an order was created after its external reference was free, not when its transaction began', async () => {
  const customerId = randomUUID();
  const holder = await holdReference(customerId, 'a');
  const creating = createdWholeOrder(server, { customerId, externalReference: 'a' });
  await holder.met();
  const free = await later();
  await holder.release();
  const { createdAt } = await creating;
  expect(new Date(createdAt as string).getTime()).toBeGreaterThanOrEqual(free.getTime());
});

test('a request that turns out to be another one under a used id gives up the reference it has claimed', async () => {
  const [id, customerId] = [randomUUID(), randomUUID()];
  const holder = await holdReference(customerId, 'a');
  const late = createWholeOrder(server, { id, customerId, externalReference: 'a' });
  await holder.met(); // it has seen that there is no order of this id
  const first = await createdWholeOrder(other, { id, customerId });
  await holder.release();
  expect(codes((await late).userErrors)).toEqual(['IDEMPOTENCY_MISMATCH input.id']);
  const claims = 'SELECT order_id FROM order_references WHERE customer_id = $1';
  expect(await database.sql(claims, [customerId])).toEqual([]);
  await createdWholeOrder(server, { customerId, externalReference: 'a' });
  expect(await readOrder(server, id)).toEqual(first);
});

test('one id for orders of two customers at once leaves one order, and no claim of the other customer', async () => {
  const [id, externalReference] = [randomUUID(), randomUUID()];
  const holder = await holdReference('B', externalReference);
  const loser = createWholeOrder(server, { id, customerId: 'B', externalReference });
  await holder.met(); // both have seen that there is no order of this id
  const winner = await createdWholeOrder(other, { id, customerId: 'A', externalReference });
  await holder.release();
  expect(codes((await loser).userErrors)).toEqual(['IDEMPOTENCY_MISMATCH input.id']);
  const claims = 'SELECT customer_id, order_id FROM order_references WHERE external_reference = $1';
  expect(await database.sql(claims, [externalReference])).toEqual([{ customer_id: 'A', order_id: winner.id }]);
});

test('a reference that one order gives up in a batch is there for the next one of the same batch', async () => {
  const customerId = randomUUID();
  const one = await createdWholeOrder(server, { customerId, externalReference: 'a' });
  const two = await createdWholeOrder(server, { customerId });
  const lane = await holdLane();
  const change = (id: string, externalReference: string) =>
    updateOrder(server, { id, expectedVersion: 1, externalReference });
  const giving = change(one.id, 'b');
  await server.get('{ orders(first: 1) { nodes { id } } }'); // the first of the two has arrived
  const taking = change(two.id, 'a');
  await lane.go();
  expect(await Promise.all([giving, taking])).toMatchObject([
    { changed: true, order: { externalReference: 'b' }, userErrors: [] },
    { changed: true, order: { externalReference: 'a' }, userErrors: [] },
  ]);
});

test('status changes of one order in one request are made in their order, however long the order is locked', async () => {
  const orders = await Promise.all(Array.from({ length: 8 }, () => createdWholeOrder(recorded)));
  const steps = ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'COMPLETED'];
  const holder = await holdOrder(...orders.map(({ id }) => id));
  const changes = steps.flatMap((status, at) => orders.map(({ id }) => ({ id, status, expectedVersion: at + 1 })));
  const moving = transitionOrders(recorded, changes);
  await probed(4);
  await holder.release();
  const { results } = await moving;
  expect(results.flatMap(({ userErrors }) => userErrors)).toEqual([]);
  for (const { id } of orders) expect(await readOrder(recorded, id)).toMatchObject({ status: 'COMPLETED', version: 6 });
});

test('numbers of orders are given once, by several servers at the same time', async () => {
  const before = await database.sql<{ number: string }>('SELECT number FROM orders');
  const many = (server: TestServer) =>
    createOrders(server, { orders: Array.from({ length: 100 }, () => ({ items: [TEA] })) });
  const answers = await Promise.all([server, other, server, other].map(many));
  const numbers = answers.flatMap(({ results }) => results.map(({ order }) => order?.number));
  expect(new Set([...before.map(({ number }) => number), ...numbers]).size).toBe(before.length + 400);
});
