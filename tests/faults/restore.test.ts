import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase, type Database } from '../../src/database/database.js';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { migrate } from '../../src/database/migrate.js';
import type { ExternalConsumer } from '../../src/events/consumers/consumer.js';
import { startConsumers } from '../../src/events/consumers/consumer-runner.js';
import { orderStatisticsProjection } from '../../src/events/consumers/order-statistics.js';
import { rebuildConsumer } from '../../src/events/consumers/rebuild-consumer.js';
import { createEventLog } from '../../src/store/event-log.js';
import { countEvents } from '../../src/store/statements/count-events.js';
import type { TestClient } from '../support/client.js';
import { clusterForTest, HAS_PG_DUMP, SKIPS_CLUSTER } from '../support/cluster.js';
import { movableAddressForTest } from '../support/movable-address.js';
import { createdOrder, transitionOrder } from '../support/order-requests.js';
import { startProcess, temporaryFolder } from '../support/process.js';

/* A database is restored to an earlier state while a server, its subscribers and an external consumer run. */

const WAIT = { timeout: 20_000 };
const TIMEOUT_MS = 120_000;
const log = pino({ level: 'silent' });

/** A database that can be restored to the state in which it was saved. */
interface RestorableDatabase {
  readonly url: string;
  readonly save: () => Promise<void>;
  /** @returns the URL of the restored database */
  readonly restore: () => Promise<string>;
}

/** The restored database is a copy under the same name. */
async function restoredByCopy(): Promise<RestorableDatabase> {
  const embedded = await startEmbeddedPostgres({ dataDir: await temporaryFolder(), log, settings: ['fsync=off'] });
  onTestFinished(() => embedded.close());
  const admin = new Client({ connectionString: embedded.url.replace(/ordergraph$/, 'postgres') });
  admin.on('error', () => undefined);
  await admin.connect();
  onTestFinished(() => admin.end());
  return {
    url: embedded.url,
    async save() {
      await admin.query('ALTER DATABASE ordergraph ALLOW_CONNECTIONS false');
      await admin.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'ordergraph'");
      await admin.query('CREATE DATABASE saved TEMPLATE ordergraph');
      await admin.query('ALTER DATABASE ordergraph ALLOW_CONNECTIONS true');
    },
    async restore() {
      await admin.query('DROP DATABASE ordergraph WITH (FORCE)');
      await admin.query('CREATE DATABASE ordergraph TEMPLATE saved');
      return embedded.url;
    },
  };
}

async function restoredInPlace(): Promise<RestorableDatabase> {
  const { url, dump, restore } = await clusterForTest();
  let file = '';
  const save = async () => void (file = await dump());
  return {
    url,
    save,
    async restore() {
      await restore(file);
      return url;
    },
  };
}

async function restoredInNewCluster(): Promise<RestorableDatabase> {
  const [cluster, other] = [await clusterForTest(), await clusterForTest()];
  let file = '';
  const save = async () => void (file = await cluster.dump());
  return {
    url: cluster.url,
    save,
    async restore() {
      await other.restore(file);
      return other.url;
    },
  };
}

function open(url: string, poolSize = 4): Database {
  const timeouts = { statementTimeoutMs: 20_000, lockTimeoutMs: 10_000, connectTimeoutMs: 5_000 };
  const preparedStatements = poolSize > 1;
  const database = openDatabase({ url, poolSize, preparedStatements, applicationName: 'test', ...timeouts }, log);
  onTestFinished(() => database.close());
  return database;
}

const startServer = (url: string) =>
  startProcess({ DATABASE_URL: url, EVENTS_POLL_MS: '100', EVENTS_DEBOUNCE_MS: '0', LOG_FORMAT: 'json' });

/** Runs an external consumer in this process, outside the server. */
async function startExternal(url: string) {
  const received: bigint[] = [];
  const consumer: ExternalConsumer = {
    kind: 'external',
    name: 'test-external',
    batchSize: 10,
    maxDelayMs: 0,
    handle: async (events) => void received.push(...events.map(({ position }) => position)),
  };
  const database = open(url);
  const runner = await startConsumers({
    database,
    eventLog: createEventLog(database),
    holder: 'test',
    consumers: [consumer],
    pollMs: 50,
    log,
  });
  onTestFinished(() => runner.close());
  return received;
}

/** Counts all events in the tables of the statistics, without waiting for a full batch. */
async function countStatistics(url: string): Promise<void> {
  await rebuildConsumer(open(url, 1), orderStatisticsProjection(countEvents));
}

/** Stores two events for each order. */
async function writeOrders(client: TestClient, count: number): Promise<void> {
  for (let each = 0; each < count; each += 1) {
    const { id } = await createdOrder(client);
    await transitionOrder(client, { id, status: 'CONFIRMED' });
  }
}

/** After connections were cut, some requests fail. */
async function canWrite(client: TestClient): Promise<boolean> {
  try {
    await writeOrders(client, 1);
    return true;
  } catch {
    return false;
  }
}

async function query<T>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T & object>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function expectRightStatistics(client: TestClient, url: string): Promise<void> {
  const counted = async () => {
    const { orderStats } = await client.get<{ orderStats: { byStatus: { status: string; count: number }[] } }>(
      '{ orderStats { byStatus { status count } } }',
    );
    return orderStats.byStatus.filter(({ count }) => count > 0);
  };
  const sql = 'SELECT status, count(*)::int AS count FROM orders GROUP BY status ORDER BY status';
  await expect.poll(counted, WAIT).toEqual(await query(url, sql));
}

async function countEventsOf(url: string): Promise<number | undefined> {
  const [row] = await query<{ count: number }>(url, 'SELECT count(*)::int AS count FROM order_events');
  return row?.count;
}

async function expectDenseLog(url: string): Promise<void> {
  const sql = 'SELECT max(position)::int AS last, count(DISTINCT position)::int AS positions FROM order_events';
  const read = async () => (await query<object>(url, sql))[0];
  const count = await countEventsOf(url);
  await expect.poll(read, WAIT).toEqual({ last: count, positions: count });
}

const CHANGES = `subscription ($after: String) {
  orderChanged(after: $after) { orderId version resumeCursor }
}`;
interface Change {
  readonly orderChanged: { readonly orderId: string; readonly version: number; readonly resumeCursor: string };
}

const heldConsumers = (url: string) =>
  query<{ name: string; held: string }>(url, 'SELECT name, held FROM event_consumers WHERE held IS NOT NULL');

const CLI = path.resolve('dist/cli/main.js');

async function consumers(url: string, ...words: string[]): Promise<string> {
  const env = { PATH: process.env['PATH'] ?? '', DATABASE_URL: url };
  return (await promisify(execFile)(process.execPath, [CLI, 'consumers', ...words], { env })).stdout;
}

interface Way {
  readonly create: () => Promise<RestorableDatabase>;
  /** Whether the server has no connection during the restore. */
  readonly isCut: boolean;
  /** Events that another server writes before the server has a connection again. */
  readonly regrown: number;
}

/** 20 events are saved, and 30 are lost. */
async function expectRewindIsNoticed({ create, isCut, regrown }: Way): Promise<void> {
  const database = await create();
  await migrate(database.url);
  const address = await movableAddressForTest(database.url);
  const server = await startServer(address.url);
  const received = await startExternal(address.url);
  await writeOrders(server, 10);
  await countStatistics(database.url);
  await expect.poll(() => received.length, WAIT).toBe(20);
  await database.save();
  await expect.poll(() => canWrite(server), WAIT).toBe(true);
  await writeOrders(server, 10);
  const subscription = await server.subscribe<Change>(CHANGES);
  await writeOrders(server, 5);
  const seen = await subscription.until(({ length }) => length === 10);
  await expect.poll(() => received.length, WAIT).toBe(await countEventsOf(database.url));
  await countStatistics(database.url);
  const delivered = received.length;

  if (isCut) address.cut();
  const url = await database.restore();
  if (regrown > 0) await writeOrders(await startServer(url), regrown / 2);
  address.moveTo(url);

  await subscription.ended;
  expect(subscription.errors).toMatchObject([{ extensions: { code: 'CURSOR_EXPIRED' } }]);
  expect(subscription.seen).toHaveLength(10);
  await expect.poll(() => heldConsumers(url), WAIT).toMatchObject([{ name: 'test-external' }]);
  await expect.poll(() => canWrite(server), WAIT).toBe(true);
  await writeOrders(server, 5);
  const lines = server.output().split('\n');
  expect(lines.filter((line) => line.includes('event log: '))).toEqual([
    expect.stringContaining(
      'event log: the last event that this process has read is not in the log any more',
    ) as string,
  ]);
  await expectDenseLog(url);
  await expectRightStatistics(server, url);
  await countStatistics(url);
  await expectRightStatistics(server, url);

  const lost = await server.subscribe<Change>(CHANGES, { after: seen.at(-1)?.orderChanged.resumeCursor });
  await lost.ended;
  expect(lost.errors).toMatchObject([{ extensions: { code: 'CURSOR_EXPIRED' } }]);
  const next = await server.subscribe<Change>(CHANGES);
  await writeOrders(server, 3);
  await next.until(({ length }) => length === 6);

  expect(received).toHaveLength(delivered); // neither skipped nor repeated
  expect(await consumers(url)).toMatch(/test-external: position 20, lag \d+.*\n  held: The database was restored/);
  await consumers(url, 'resume', 'test-external');
  const [end] = await query<{ last: number }>(url, 'SELECT max(position)::int AS last FROM order_events');
  await expect.poll(() => received.at(-1), WAIT).toBe(BigInt(end?.last ?? 0));
  const positions = received.slice(delivered);
  expect(positions).toEqual(positions.map((_, index) => BigInt(21 + index)));
}

test('CI has pg_dump', () => {
  if (process.env['CI'] === 'true') expect(HAS_PG_DUMP).toBe(true);
});

test(
  'a database that is replaced by an earlier copy under a running server',
  () => expectRewindIsNoticed({ create: restoredByCopy, isCut: false, regrown: 0 }),
  TIMEOUT_MS,
);

test(
  'the same, and its log has grown beyond its earlier end before the server has a connection',
  () => expectRewindIsNoticed({ create: restoredByCopy, isCut: true, regrown: 60 }),
  TIMEOUT_MS,
);

describe.skipIf(SKIPS_CLUSTER)('with pg_dump', () => {
  test(
    'a dump that is restored in place under a running server',
    () => expectRewindIsNoticed({ create: restoredInPlace, isCut: false, regrown: 0 }),
    TIMEOUT_MS,
  );

  test(
    'a dump that is restored into a new cluster, to which the address of the database moves',
    () => expectRewindIsNoticed({ create: restoredInNewCluster, isCut: true, regrown: 4 }),
    TIMEOUT_MS,
  );
});
