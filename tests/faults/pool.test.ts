import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { clusterForTest, HAS_PG_DUMP, SKIPS_CLUSTER, type Cluster } from '../support/cluster.js';
import { DEFAULT_QUEUES } from '../support/database-url.js';
import { startMixedLoad, unexpectedFailures, type LoadedRequest, type MixedLoad } from '../support/mixed-load.js';
import { startProcess } from '../support/process.js';

/* The server gets no connections, or statements that do not end hold all of them. */

const ROUNDS = Math.ceil(Number(process.env['FAULT_ROUNDS'] ?? 5) / 5);
/** The requests in progress when the fault begins may take longer. */
const ONSET_MS = 2_500;
const PROBES = 15;
const PROBE_PAUSE_MS = 100;
/** A second, and the delays of a busy machine. */
const REJECTED_MS = 1_900;
const NORMAL_MS = 5_000;
/** Without a failure among so many requests, the server is normal. */
const SUCCESSES = 30;
/** More callers than lanes. */
const CALLERS = { writers: 12, readers: 12 };

test('CI has the PostgreSQL that these tests require', () => {
  expect(HAS_PG_DUMP || process.env['CI'] !== 'true').toBe(true);
});

const SMALL_POOL = 4;
const SESSIONS = "FROM pg_stat_activity WHERE application_name = 'ordergraph'";

/** @returns how to end the fault */
type Cause = (cluster: Cluster, observer: Client) => Promise<() => Promise<void>>;

/** Other sessions take all connections, and those of the server are terminated. */
const takeConnections: Cause = async ({ url }, observer) => {
  const taken: Client[] = [];
  for (let free = true; free || taken.length === 0;) {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    free = await client.connect().then(
      () => true,
      () => false,
    );
    if (free) taken.push(client);
    else {
      const { rowCount } = await observer.query(`SELECT pg_terminate_backend(pid) ${SESSIONS} LIMIT 1`);
      free = (rowCount ?? 0) > 0;
    }
  }
  return async () => {
    await Promise.all(taken.map((client) => client.end()));
  };
};

/** The statements of the server do not end. */
const stopSessions: Cause = async (_cluster, observer) => {
  const find = async () => (await observer.query<{ pid: number }>(`SELECT pid ${SESSIONS}`)).rows;
  await expect.poll(async () => (await find()).length).toBeGreaterThanOrEqual(SMALL_POOL);
  const rows = await find();
  for (const { pid } of rows) process.kill(pid, 'SIGSTOP');
  return async () => {
    for (const { pid } of rows) process.kill(pid, 'SIGCONT');
  };
};

interface Fault {
  readonly name: string;
  readonly cause: Cause;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether no connection of the server works. */
  readonly isEveryRequestRejected: boolean;
}

const FAULTS: readonly Fault[] = [
  { name: 'other sessions take the connections', cause: takeConnections, isEveryRequestRejected: false },
  { name: 'statements that do not end hold the lanes', cause: stopSessions, isEveryRequestRejected: false },
  {
    name: 'statements that do not end hold all connections of a small pool',
    cause: stopSessions,
    env: { DATABASE_POOL_SIZE: String(SMALL_POOL) },
    isEveryRequestRejected: true,
  },
];

test.skipIf(SKIPS_CLUSTER)(
  'without a free connection, requests are rejected within a second, and soon succeed again',
  async () => {
    const cluster = await clusterForTest({ settings: ['max_connections=24'] });
    const observer = new Client({ connectionString: cluster.url });
    await observer.connect();
    onTestFinished(() => observer.end());
    for (const fault of FAULTS) {
      const server = await startProcess({
        ...DEFAULT_QUEUES,
        DATABASE_URL: cluster.url,
        DATABASE_MIGRATE: 'always',
        ...fault.env,
      });
      const load = startMixedLoad(server, CALLERS);
      onTestFinished(() => load.stop());
      for (let round = 0; round < ROUNDS; round += 1) {
        const before = load.acknowledged.size;
        await expect.poll(() => load.acknowledged.size).toBeGreaterThan(before + 20);
        await exercise(fault, load, () => fault.cause(cluster, observer));
      }
      await load.stop();
      expect(unexpectedFailures(load.requests)).toEqual([]);
      const { rows } = await observer.query<{ id: string }>('SELECT id FROM orders');
      const stored = new Set(rows.map(({ id }) => id));
      expect([...load.acknowledged].filter((id) => !stored.has(id))).toEqual([]);
      expect((await server.end('SIGTERM')).code).toBe(0);
    }
  },
);

async function exercise(
  { name, isEveryRequestRejected }: Fault,
  load: MixedLoad,
  cause: () => Promise<() => Promise<void>>,
): Promise<void> {
  const end = await cause();
  await sleep(ONSET_MS);
  const probes: Promise<readonly LoadedRequest[]>[] = [];
  while (probes.length < PROBES) {
    probes.push(load.probe());
    await sleep(PROBE_PAUSE_MS);
  }
  const answered = Promise.all(probes);
  if (isEveryRequestRejected) await answered;
  const until = performance.now();
  await end();
  const during = (await answered).flat();
  const found = {
    name,
    slow: slowerThan(during, REJECTED_MS),
    successes: isEveryRequestRejected ? during.filter(({ failure }) => failure === null) : [],
    unexpected: unexpectedFailures(during),
  };
  expect(found).toEqual({ name, slow: [], successes: [], unexpected: [] });
  const isNormal = () => {
    const recent = load.requests.slice(-SUCCESSES);
    return recent.every(({ began, failure }) => began > until && failure === null);
  };
  await expect.poll(isNormal, { timeout: NORMAL_MS, message: name }).toBe(true);
}

function slowerThan(requests: readonly LoadedRequest[], ms: number): readonly LoadedRequest[] {
  return requests.filter(({ began, ended }) => ended - began > ms);
}
