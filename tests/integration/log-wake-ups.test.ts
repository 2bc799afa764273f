import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test, vi } from 'vitest';
import { serverForTest, useDatabase, useProxy, useServer } from '../support/fixture.js';
import { cancelOrder, createdOrder, createOrder, transitionOrder } from '../support/order-requests.js';
import { insertCreated, randomIds } from '../support/rows.js';
import type { TestServer } from '../support/server.js';

/*
 * Two servers that poll once a minute: what arrives within seconds arrives by a wake-up.
 */

const FAR = { EVENTS_POLL_MS: '60000', SUBSCRIBER_MAX_QUEUED: '10000' };
const CALLER = { timeout: 20_000 };

const database = useDatabase();
const proxy = useProxy(database);
const one = useServer(proxy, FAR);
const two = useServer(database, FAR);

beforeAll(async () => {
  await listening(2);
  await watched(one, one); // makes the first full look
  await watched(two, two);
});

const LISTENING = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'ordergraph-listen' AND query LIKE 'LISTEN%' AND state = 'idle'`;

async function listening(servers: number): Promise<number[]> {
  return vi.waitFor(async () => {
    const pids = (await database.sql<{ pid: number }>(LISTENING)).map(({ pid }) => pid);
    expect(pids).toHaveLength(servers);
    return pids;
  }, CALLER);
}

interface Seen {
  readonly orderStatusChanged: { readonly orderId: string; readonly version: number };
}

const CHANGES = 'subscription { orderStatusChanged { orderId version } }';

/** Creates an order on one server and waits until its event arrives at a subscriber of another. */
async function watched(writer: TestServer, reader: TestServer): Promise<string> {
  const watch = await reader.subscribe<Seen>(CHANGES);
  const { id } = await createdOrder(writer);
  await watch.until((seen) => seen.some(({ orderStatusChanged }) => orderStatusChanged.orderId === id), CALLER.timeout);
  watch.stop();
  return id;
}

/** How often server one has run statements with this text so far. */
function ran(text: string): number {
  return proxy.statements.filter((sql) => sql.includes(text)).length;
}

const READS_LOG = 'ORDER BY e.position';
const LOCKS_SEQUENCER = 'FROM event_sequencer';

test('an event of one server reaches the subscribers of both without a poll', async () => {
  await watched(one, one);
  await watched(one, two);
  await watched(two, one);
});

test('a lost listening connection is opened again', async () => {
  const lost = await listening(2);
  await database.sql('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [lost]);
  await expect.poll(async () => (await listening(2)).filter((pid) => lost.includes(pid)), CALLER).toEqual([]);
  await watched(one, two);
  await watched(two, one);
});

test('a process reads the log once for an event of its own, not again at its own notification', async () => {
  const before = ran(READS_LOG);
  for (let index = 0; index < 10; index += 1) await watched(one, one);
  // Notifications arrive in the order of their commits, so all of its own have arrived before this one.
  await database.sql("SELECT pg_notify('ordergraph_log', 'another process')");
  await expect.poll(() => ran(READS_LOG) - before, CALLER).toBeGreaterThanOrEqual(11);
  expect(ran(READS_LOG) - before).toBe(11);
});

test('replays do not wake the sequencer', async () => {
  const keyed = { idempotencyKey: 'replayed create' };
  const { order } = await createOrder(one, keyed);
  const change = { id: order?.id, status: 'CONFIRMED', idempotencyKey: 'replayed change' };
  await transitionOrder(one, change);
  await watched(one, one);
  const before = ran(LOCKS_SEQUENCER);
  for (let index = 0; index < 10; index += 1) {
    expect(await createOrder(one, keyed)).toMatchObject({ replayed: true });
    expect(await transitionOrder(one, change)).toMatchObject({ changed: true, order: { version: 2 } });
    expect(await transitionOrder(one, { id: order?.id, status: 'CONFIRMED' })).toMatchObject({ changed: false });
  }
  await watched(one, one);
  expect(ran(LOCKS_SEQUENCER) - before).toBe(1);
});

test('an event whose COMMIT was not answered is sequenced at once', async () => {
  const unanswered = async (write: () => Promise<unknown>) => {
    proxy.atCommit('cut-after');
    await write();
    const waiting = 'SELECT 1 FROM order_events WHERE position IS NULL';
    await expect.poll(() => database.sql(waiting), CALLER).toEqual([]);
  };
  const id = randomUUID();
  await unanswered(async () => expect(await createOrder(one, { id })).toMatchObject({ replayed: false }));
  await unanswered(async () =>
    expect(await transitionOrder(one, { id, status: 'CONFIRMED' })).toMatchObject({ changed: true }),
  );
  const keyed = { id, idempotencyKey: 'unanswered' };
  await unanswered(async () => expect(await cancelOrder(one, keyed)).toMatchObject({ changed: true }));
});

const EVENTS = 2_500;

test('2,500 events that an ended process left arrive in one wake, each once, and are counted by every reading and in the kept statistics', async () => {
  const counted = async (server: TestServer) =>
    (await server.get<{ orderStats: { count: number } }>('{ orderStats { count } }')).orderStats.count;
  const [row] = await database.sql<{ orders: number }>('SELECT count(*)::int AS orders FROM orders');
  await insertCreated(database, randomIds(EVENTS));
  const three = await serverForTest(database, FAR); // its first scan reads everything
  const watches = await Promise.all([one, two, three].map((server) => server.subscribe<Seen>(CHANGES)));
  await listening(3);
  await createdOrder(three);
  for (const watch of watches) {
    const seen = await watch.until(({ length }) => length >= EVENTS + 1, CALLER.timeout);
    expect(new Set(seen.map(({ orderStatusChanged }) => orderStatusChanged.orderId)).size).toBe(EVENTS + 1);
    watch.stop();
  }
  expect(await counted(three)).toBe((row?.orders ?? 0) + EVENTS + 1);
  const kept = "SELECT 1 FROM event_consumers WHERE name = 'order-statistics' AND position >= 2000";
  await expect.poll(() => database.sql(kept), CALLER).toHaveLength(1);
});
