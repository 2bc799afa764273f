import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { clusterForTest, HAS_PG_DUMP, SKIPS_CLUSTER, type Cluster } from '../support/cluster.js';
import { Follower } from '../support/follower.js';
import { DEFAULT_QUEUES } from '../support/database-url.js';
import { startMixedLoad, unexpectedFailures } from '../support/mixed-load.js';
import { startProcess } from '../support/process.js';

/* PostgreSQL ends and returns while a server creates, reads, publishes and fulfils orders. */

const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 5);
const WAIT = { timeout: 60_000, interval: 50 };
/** The first success follows the return of the database within this time. */
const RECOVERY_MS = 2_000;
/** Batches of steps rest for up to 5 s, so that a backlog does not slow down requests. */
const FULFILMENT_RECOVERY_MS = 8_000;

test('CI has the PostgreSQL that these tests require', () => {
  expect(HAS_PG_DUMP || process.env['CI'] !== 'true').toBe(true);
});

interface Fault {
  readonly name: string;
  /** @returns how to end it; nothing if PostgreSQL returns by itself */
  readonly cause: (cluster: Cluster) => Promise<(() => Promise<void>) | null>;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'killed',
    async cause(cluster) {
      await cluster.kill();
      return cluster.start;
    },
  },
  {
    name: 'stopped fast',
    async cause(cluster) {
      await cluster.stop('fast');
      return cluster.start;
    },
  },
  {
    name: 'stopped immediately',
    async cause(cluster) {
      await cluster.stop('immediate');
      return cluster.start;
    },
  },
  {
    name: 'a session killed, which ends all others',
    async cause(cluster) {
      const [session] = await query<{ pid: number }>(
        cluster.url,
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'ordergraph' LIMIT 1",
      );
      process.kill(session?.pid ?? 0, 'SIGKILL');
      return null;
    },
  },
  {
    name: 'killed, and down for longer',
    async cause(cluster) {
      await cluster.kill();
      await sleep(5_000);
      return cluster.start;
    },
  },
];

async function query<Row extends object>(url: string, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 500 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** @returns the time since which PostgreSQL accepts sessions */
async function returned(url: string): Promise<number> {
  const answers = async () => (await query(url, 'SELECT 1').catch(() => [])).length;
  await expect.poll(answers, { timeout: 30_000, interval: 10 }).toBe(1);
  return performance.now();
}

/** The time from `since` until `check` holds. */
async function timeUntil(since: number, check: () => Promise<boolean>): Promise<number> {
  await expect.poll(check, { timeout: 30_000, interval: 10 }).toBe(true);
  return performance.now() - since;
}

test.skipIf(SKIPS_CLUSTER)(
  'PostgreSQL is killed and restarted under load: no acknowledged order is lost, and all parts continue without a restart',
  async () => {
    const cluster = await clusterForTest({ isDurable: true });
    const server = await startProcess({
      ...DEFAULT_QUEUES,
      DATABASE_URL: cluster.url,
      ALLOW_UNSAFE_DATABASE: 'false',
      DATABASE_MIGRATE: 'always',
      LOG_FORMAT: 'json',
      FULFILMENT: 'simulated',
      FULFILMENT_COMPLETE_AFTER_MS: '300',
    });
    const exits: (number | null)[] = [];
    void server.exited.then((code) => exits.push(code));
    const follower = await new Follower(server.url).connect();
    const load = startMixedLoad(server);
    onTestFinished(() => load.stop());
    const slowest: Record<string, number> = {};
    const late: string[] = [];

    for (let round = 0; round < ROUNDS; round += 1) {
      const { name, cause } = FAULTS[round % FAULTS.length] as Fault;
      const before = load.acknowledged.size;
      await expect.poll(() => load.acknowledged.size, WAIT).toBeGreaterThan(before + 50);
      const end = await cause(cluster);
      const starting = end?.();
      const back = await returned(cluster.url);
      const received = follower.events.length;
      const has = (sql: string) => async () => (await query(cluster.url, sql)).length > 0;
      const times = {
        create: load.firstSuccess('create', back),
        read: load.firstSuccess('read', back),
        list: load.firstSuccess('list', back),
        event: timeUntil(back, async () => follower.events.length > received),
        listen: timeUntil(back, has("SELECT 1 FROM pg_stat_activity WHERE application_name = 'ordergraph-listen'")),
        fulfilment: timeUntil(
          back,
          has("SELECT 1 FROM order_events WHERE to_status = 'PROCESSING' AND occurred_at > pg_postmaster_start_time()"),
        ),
      };
      for (const [what, time] of Object.entries(times)) {
        const [took, limit] = [await time, what === 'fulfilment' ? FULFILMENT_RECOVERY_MS : RECOVERY_MS];
        if (took > limit) late.push(`${name}: ${what} after ${took} ms`);
        slowest[what] = Math.max(slowest[what] ?? 0, Math.round(took));
      }
      await starting;
      expect(exits).toEqual([]);
    }
    await load.stop();
    expect(unexpectedFailures(load.requests)).toEqual([]);
    expect(load.requests.filter(({ failure }) => failure !== null).length).toBeGreaterThan(0);
    expect(late).toEqual([]);
    await verifyOrders(cluster.url, load.acknowledged, follower);
    const replays = `${load.acknowledged.size} orders, ${load.replays()} of them acknowledged by a retry`;
    process.stdout.write(`${ROUNDS} restarts: ${replays}; slowest first successes in ms: ${JSON.stringify(slowest)}\n`);
    expect((await server.end('SIGTERM')).code).toBe(0);
  },
);

interface History {
  readonly id: string;
  readonly statuses: string;
}

/** Every acknowledged order is stored once, is COMPLETED once, and its events are in the log and with the subscriber. */
async function verifyOrders(url: string, acknowledged: ReadonlySet<string>, follower: Follower): Promise<void> {
  const histories = `SELECT o.id, string_agg(e.to_status::text, ' ' ORDER BY e.version) AS statuses
    FROM orders o JOIN order_events e ON e.order_id = o.id GROUP BY o.id`;
  const open = `SELECT 1 FROM orders WHERE status <> 'COMPLETED' LIMIT 1`;
  await expect.poll(async () => (await query(url, open)).length, WAIT).toBe(0);
  const all = await query<History>(url, histories);
  expect(new Set(all.map(({ id }) => id))).toEqual(acknowledged);
  expect(all.filter(({ statuses }) => statuses !== 'PENDING PROCESSING COMPLETED')).toEqual([]);
  const readLog = () =>
    query<{ key: string; position: string | null }>(
      url,
      `SELECT order_id || ' ' || version AS key, position FROM order_events ORDER BY position`,
    );
  await expect.poll(async () => (await readLog()).filter(({ position }) => position === null), WAIT).toEqual([]);
  const log = await readLog();
  expect(log.map(({ position }) => Number(position))).toEqual(log.map((_, index) => index + 1));
  await expect.poll(() => follower.events.length, WAIT).toBeGreaterThanOrEqual(log.length);
  expect(follower.versions).toEqual(log.map(({ key }) => key));
  expect(follower.errors).toEqual([]);
}
