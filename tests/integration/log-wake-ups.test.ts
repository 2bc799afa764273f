import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test, vi } from 'vitest';
import { serverForTest, useDatabase, useProxy, useServer } from '../support/fixture.js';
import { cancelOrder, createdOrder, createOrder, transitionOrder } from '../support/order-requests.js';
import { insertCreated, randomIds } from '../support/rows.js';
import type { TestServer } from '../support/server.js';

/* The servers poll once a minute, so events that arrive within seconds arrive by a wake-up. */

const SLOW_POLLING = { EVENTS_POLL_MS: '60000', SUBSCRIBER_MAX_QUEUED: '10000' };
const TIMEOUT = { timeout: 20_000 };

const database = useDatabase();
const proxy = useProxy(database);
const one = useServer(proxy, SLOW_POLLING);
const two = useServer(database, SLOW_POLLING);

beforeAll(async () => {
  await listening(2);
  await deliver(one, one); // completes the first full scan
  await deliver(two, two);
});

const LISTENING = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'ordergraph-listen' AND query LIKE 'LISTEN%' AND state = 'idle'`;

async function listening(servers: number): Promise<number[]> {
  return vi.waitFor(async () => {
    const pids = (await database.sql<{ pid: number }>(LISTENING)).map(({ pid }) => pid);
    expect(pids).toHaveLength(servers);
    return pids;
  }, TIMEOUT);
}

interface Seen {
  readonly orderStatusChanged: { readonly orderId: string; readonly version: number };
}

const CHANGES = 'subscription { orderStatusChanged { orderId version } }';

/** Creates an order on one server and waits until a subscriber of another receives its event. */
async function deliver(writer: TestServer, reader: TestServer): Promise<string> {
  const subscription = await reader.subscribe<Seen>(CHANGES);
  const { id } = await createdOrder(writer);
  await subscription.until(
    (seen) => seen.some(({ orderStatusChanged }) => orderStatusChanged.orderId === id),
    TIMEOUT.timeout,
  );
  subscription.stop();
  return id;
}

/** The number of statements of server one that contain this text. */
function countStatements(text: string): number {
  return proxy.statements.filter((sql) => sql.includes(text)).length;
}

/** Of the log tailer. */
const READS_LOG = 'WHERE e.position >= ';
const LOCKS_SEQUENCER = 'FROM event_sequencer';

test('an event of one server reaches the subscribers of both without a poll', async () => {
  await deliver(one, one);
  await deliver(one, two);
  await deliver(two, one);
});

test('a lost LISTEN connection is restored', async () => {
  const lost = await listening(2);
  await database.sql('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [lost]);
  await expect.poll(async () => (await listening(2)).filter((pid) => lost.includes(pid)), TIMEOUT).toEqual([]);
  await deliver(one, two);
  await deliver(two, one);
});

test('a process reads the log once for its own event, and not again for its own notification', async () => {
  const subscription = await one.subscribe(CHANGES); // without one, only the end of the log is read
  const before = countStatements(READS_LOG);
  for (let index = 0; index < 10; index += 1) await deliver(one, one);
  // Notifications arrive in commit order, so its own notifications arrive before this one.
  await database.sql("SELECT pg_notify('ordergraph_log', 'another process')");
  await expect.poll(() => countStatements(READS_LOG) - before, TIMEOUT).toBeGreaterThanOrEqual(11);
  expect(countStatements(READS_LOG) - before).toBe(11);
  subscription.stop();
});

test('replays do not wake the sequencer', async () => {
  const input = { idempotencyKey: 'replayed create' };
  const { order } = await createOrder(one, input);
  const change = { id: order?.id, status: 'CONFIRMED', idempotencyKey: 'replayed change' };
  await transitionOrder(one, change);
  await deliver(one, one);
  const before = countStatements(LOCKS_SEQUENCER);
  for (let index = 0; index < 10; index += 1) {
    expect(await createOrder(one, input)).toMatchObject({ replayed: true });
    expect(await transitionOrder(one, change)).toMatchObject({ changed: true, order: { version: 2 } });
    expect(await transitionOrder(one, { id: order?.id, status: 'CONFIRMED' })).toMatchObject({ changed: false });
  }
  await deliver(one, one);
  expect(countStatements(LOCKS_SEQUENCER) - before).toBe(1);
});

test('an event with a lost COMMIT response is sequenced at once', async () => {
  const withLostResponse = async (write: () => Promise<unknown>) => {
    proxy.atCommit('cut-after');
    await write();
    const waiting = 'SELECT 1 FROM order_events WHERE position IS NULL';
    await expect.poll(() => database.sql(waiting), TIMEOUT).toEqual([]);
  };
  const id = randomUUID();
  await withLostResponse(async () => expect(await createOrder(one, { id })).toMatchObject({ replayed: false }));
  await withLostResponse(async () =>
    expect(await transitionOrder(one, { id, status: 'CONFIRMED' })).toMatchObject({ changed: true }),
  );
  const input = { id, idempotencyKey: 'withLostResponse' };
  await withLostResponse(async () => expect(await cancelOrder(one, input)).toMatchObject({ changed: true }));
});

const EVENTS = 2_500;

test('2,500 events of a killed process are delivered once by one wake-up and are counted by reads and the statistics projection', async () => {
  const counted = async (server: TestServer) =>
    (await server.get<{ orderStats: { count: number } }>('{ orderStats { count } }')).orderStats.count;
  const [row] = await database.sql<{ orders: number }>('SELECT count(*)::int AS orders FROM orders');
  const three = await serverForTest(database, SLOW_POLLING); // its first scan reads the whole log
  const subscriptions = await Promise.all([one, two, three].map((server) => server.subscribe<Seen>(CHANGES)));
  await listening(3);
  await insertCreated(database, randomIds(EVENTS));
  await createdOrder(three);
  for (const subscription of subscriptions) {
    const seen = await subscription.until(({ length }) => length >= EVENTS + 1, TIMEOUT.timeout);
    expect(new Set(seen.map(({ orderStatusChanged }) => orderStatusChanged.orderId)).size).toBe(EVENTS + 1);
    subscription.stop();
  }
  expect(await counted(three)).toBe((row?.orders ?? 0) + EVENTS + 1);
  const projected = "SELECT 1 FROM event_consumers WHERE name = 'order-statistics' AND position >= 2000";
  await expect.poll(() => database.sql(projected), TIMEOUT).toHaveLength(1);
});
