import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { clusterForTest, HAS_PG_DUMP, SKIPS_CLUSTER, type Cluster } from '../support/cluster.js';
import { Follower } from '../support/follower.js';
import { DEFAULT_QUEUES } from '../support/database-url.js';
import { startMixedLoad, unexpectedFailures, type MixedLoad } from '../support/mixed-load.js';
import { startProcess } from '../support/process.js';
import { HAS_TOXIPROXY, SKIPS_TOXIPROXY, toxiproxyForTest, type Toxic, type Toxiproxy } from '../support/toxiproxy.js';

/* The network between a server and its database is slow, cut or half-open, or the database is locked. */

const CYCLES = Math.ceil(Number(process.env['FAULT_ROUNDS'] ?? 5) / 5);
const FAULT_MS = 1_500;
const DEADLINE_MS = 1_200;
/** How late a response may be on a busy machine. */
const LATE_MS = 500;
/** The first success follows the end of a fault within this time. */
const RECOVERY_MS = 2_000;

test('CI has the programs that these tests require', () => {
  expect((HAS_PG_DUMP && HAS_TOXIPROXY) || process.env['CI'] !== 'true').toBe(true);
});

interface Fault {
  readonly name: string;
  /** @returns how to end it */
  readonly cause: (proxy: Toxiproxy, cluster: Cluster) => Promise<() => Promise<void>>;
}

function toxic(name: string, ...toxics: readonly Toxic[]): Fault {
  return {
    name,
    async cause(proxy) {
      await proxy.add(...toxics);
      return proxy.heal;
    },
  };
}

const FAULTS: readonly Fault[] = [
  toxic('a round trip takes 0.5 s', { type: 'latency', attributes: { latency: 250, jitter: 50 } }),
  toxic('a round trip takes 3 s', { type: 'latency', attributes: { latency: 1_500, jitter: 0 } }),
  toxic('1 KB/s', { type: 'bandwidth', attributes: { rate: 1 } }),
  toxic('nothing passes, and no connection is closed', { type: 'timeout', attributes: { timeout: 0 } }),
  toxic('half of the connections are silent', { type: 'timeout', attributes: { timeout: 0 }, toxicity: 0.5 }),
  toxic('connections are reset', { type: 'reset_peer', attributes: { timeout: 0 } }),
  toxic('connections are reset after a moment', { type: 'reset_peer', attributes: { timeout: 50 } }),
  toxic('connections are cut in the middle of responses', {
    type: 'limit_data',
    attributes: { bytes: 3_001 },
    stream: 'downstream',
  }),
  toxic('connections are cut in the middle of statements', {
    type: 'limit_data',
    attributes: { bytes: 7_001 },
    stream: 'upstream',
  }),
  {
    name: 'connections are rejected',
    async cause(proxy) {
      await proxy.disable();
      return proxy.enable;
    },
  },
  {
    name: 'the tables are locked',
    async cause(_proxy, cluster) {
      const client = new Client({ connectionString: cluster.url });
      await client.connect();
      await client.query('BEGIN; LOCK TABLE orders, order_events IN ACCESS EXCLUSIVE MODE');
      return () => client.end();
    },
  },
];

async function recovered(load: MixedLoad, follower: Follower, since: number): Promise<Record<string, number>> {
  const received = follower.events.length;
  const [create, read, list] = await Promise.all([
    load.firstSuccess('create', since),
    load.firstSuccess('read', since),
    load.firstSuccess('list', since),
  ]);
  await expect.poll(() => follower.events.length).toBeGreaterThan(received);
  return { create, read, list, event: performance.now() - since };
}

test.skipIf(SKIPS_CLUSTER || SKIPS_TOXIPROXY)(
  'every request is answered within its deadline during faults of the network, and the server recovers at once',
  async () => {
    const cluster = await clusterForTest();
    const proxy = await toxiproxyForTest(cluster.url);
    const server = await startProcess({
      ...DEFAULT_QUEUES,
      DATABASE_URL: proxy.url,
      DATABASE_MIGRATE: 'always',
      REQUEST_DEADLINE_MS: String(DEADLINE_MS),
      DATABASE_STATEMENT_TIMEOUT_MS: '1000',
    });
    const exits: (number | null)[] = [];
    void server.exited.then((code) => exits.push(code));
    const follower = await new Follower(server.url).connect();
    const load = startMixedLoad(server);
    onTestFinished(() => load.stop());
    const slow: string[] = [];
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      for (const { name, cause } of FAULTS) {
        const before = load.acknowledged.size;
        await expect.poll(() => load.acknowledged.size).toBeGreaterThan(before + 20);
        const from = load.requests.length;
        const end = await cause(proxy, cluster);
        await sleep(FAULT_MS);
        await end();
        const times = await recovered(load, follower, performance.now());
        const during = load.requests.slice(from);
        const latest = Math.max(...during.map(({ began, ended }) => ended - began));
        if (latest > DEADLINE_MS + LATE_MS) slow.push(`${name}: a response after ${latest} ms`);
        for (const [what, ms] of Object.entries(times))
          if (ms > RECOVERY_MS) slow.push(`${name}: ${what} after ${ms} ms`);
        expect(exits).toEqual([]);
      }
    }
    await load.stop();
    expect(slow).toEqual([]);
    expect(unexpectedFailures(load.requests)).toEqual([]);
    await verifyOnce(cluster.url, load, follower);
    process.stdout.write(`${load.acknowledged.size} orders, ${load.replays()} of them acknowledged by a retry\n`);
  },
);

/** Every acknowledged order is stored once, and the subscriber has received each event once. */
async function verifyOnce(url: string, load: MixedLoad, follower: Follower): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  const sql = `SELECT order_id || ' ' || version AS key, position FROM order_events ORDER BY position`;
  const read = async () => (await client.query<{ key: string; position: string | null }>(sql)).rows;
  await expect.poll(async () => (await read()).filter(({ position }) => position === null)).toEqual([]);
  const log = await read();
  expect(new Set(log.map(({ key }) => key))).toEqual(new Set([...load.acknowledged].map((id) => `${id} 1`)));
  await expect.poll(() => follower.versions).toEqual(log.map(({ key }) => key));
  expect(follower.errors).toEqual([]);
}
