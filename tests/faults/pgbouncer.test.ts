import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { clusterForTest, HAS_PG_DUMP, SKIPS_CLUSTER, type Cluster } from '../support/cluster.js';
import { Follower } from '../support/follower.js';
import { DEFAULT_QUEUES } from '../support/database-url.js';
import { startMixedLoad, unexpectedFailures } from '../support/mixed-load.js';
import { HAS_PGBOUNCER, pgbouncerForTest, SKIPS_PGBOUNCER } from '../support/pgbouncer.js';
import { failToStart, startProcess } from '../support/process.js';

/* A server whose sessions are shared by a pooler in transaction mode, with the settings of docs/operations.md. */

const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 5);
const RECOVERY_MS = 2_000;
const WAIT = { timeout: 30_000, interval: 50 };

const IGNORED =
  'ignore_startup_parameters = options, statement_timeout, lock_timeout, idle_in_transaction_session_timeout';
const TIMEOUTS = 'SET statement_timeout = 5000; SET lock_timeout = 50; SET idle_in_transaction_session_timeout = 5000';

test('CI has the programs that these tests require', () => {
  expect((HAS_PG_DUMP && HAS_PGBOUNCER) || process.env['CI'] !== 'true').toBe(true);
});

const environment = (url: string, { url: directUrl }: Cluster) => ({
  DATABASE_URL: url,
  DATABASE_DIRECT_URL: directUrl,
  DATABASE_PREPARED_STATEMENTS: 'off',
  DATABASE_MIGRATE: 'always',
});

test.skipIf(SKIPS_CLUSTER || SKIPS_PGBOUNCER)(
  'pgbouncer with the documented settings is killed and restarted: no acknowledged order is lost, and all parts continue',
  async () => {
    const cluster = await clusterForTest();
    const dropping = await pgbouncerForTest(cluster.url, { settings: [IGNORED] });
    const { stderr } = await failToStart(environment(dropping.url, cluster));
    expect(stderr).toContain('need the time-outs idle_in_transaction_session_timeout, lock_timeout, statement_timeout');

    const settings = [IGNORED, 'default_pool_size = 8'];
    const pooler = await pgbouncerForTest(cluster.url, { settings, connectQuery: TIMEOUTS });
    const server = await startProcess({
      ...DEFAULT_QUEUES,
      ...environment(pooler.url, cluster),
      FULFILMENT: 'simulated',
      FULFILMENT_COMPLETE_AFTER_MS: '300',
    });
    const exits: (number | null)[] = [];
    void server.exited.then((code) => exits.push(code));
    const follower = await new Follower(server.url).connect();
    const load = startMixedLoad(server);
    onTestFinished(() => load.stop());
    const late: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = load.acknowledged.size;
      await expect.poll(() => load.acknowledged.size, WAIT).toBeGreaterThan(before + 50);
      await pooler.kill();
      await sleep(500);
      await pooler.start();
      const since = performance.now();
      for (const kind of ['create', 'read', 'list'] as const) {
        const took = await load.firstSuccess(kind, since);
        if (took > RECOVERY_MS) late.push(`${kind} after ${took} ms`);
      }
      expect(exits).toEqual([]);
    }
    await load.stop();
    expect(late).toEqual([]);
    expect(unexpectedFailures(load.requests)).toEqual([]);
    await verify(cluster.url, load.acknowledged, follower);
    expect((await server.end('SIGTERM')).code).toBe(0);
  },
);

/** Every acknowledged order is stored once and COMPLETED once, and the subscriber has received each event once. */
async function verify(url: string, acknowledged: ReadonlySet<string>, follower: Follower): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  const open = async () => (await client.query("SELECT 1 FROM orders WHERE status <> 'COMPLETED' LIMIT 1")).rowCount;
  await expect.poll(open, WAIT).toBe(0);
  const { rows: orders } = await client.query<{ id: string }>('SELECT id FROM orders');
  expect(new Set(orders.map(({ id }) => id))).toEqual(acknowledged);
  const log = `SELECT order_id || ' ' || version AS key FROM order_events ORDER BY position`;
  const keys = async () => (await client.query<{ key: string }>(log)).rows.map(({ key }) => key);
  expect(await keys()).toHaveLength(3 * acknowledged.size); // CREATED, PROCESSING, COMPLETED
  await expect.poll(() => follower.events.length, WAIT).toBe(3 * acknowledged.size);
  expect(follower.versions).toEqual(await keys());
  expect(follower.errors).toEqual([]);
}
