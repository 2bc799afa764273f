import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { Follower } from '../support/follower.js';
import { createKafka, HAS_KAFKA, type KafkaBroker } from '../support/kafka.js';
import { readTopic, versionsSeen, withAdmin } from '../support/kafka-reader.js';
import { nginxForTest, SKIPS_NGINX } from '../support/nginx.js';
import { freePort, startProcess, type ServerProcess } from '../support/process.js';
import { startRetryingLoad, type RetryingLoad } from '../support/retrying-load.js';

const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 5);
const DELAY_MS = 1_000;
/** A shutdown takes at most this long after the delay. */
const SHUTDOWN_MS = 15_000;
/** The lease of a consumer, and time for its takeover. */
const TAKEOVER_MS = 15_000;

if (!HAS_KAFKA) process.stdout.write('SKIPPED: Kafka is not installed. See install_kafka in .ci/run.\n');

describe.skipIf(!HAS_KAFKA || SKIPS_NGINX)('servers on one database behind nginx', () => {
  let kafka: KafkaBroker;
  let postgres: EmbeddedPostgres;
  let folder: string;
  beforeAll(async () => {
    kafka = await createKafka();
    const starting = kafka.start();
    folder = await mkdtemp(path.join(tmpdir(), 'ordergraph-replicas-'));
    postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, 'data'), log: pino({ level: 'silent' }) });
    await starting;
  });
  afterAll(async () => {
    await kafka.remove();
    await postgres.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() =>
    withAdmin(kafka.address, async (admin) => {
      const topics = await admin.listTopics();
      if (topics.includes('order_events')) await admin.deleteTopics({ topics: ['order_events'] });
    }),
  );

  /** Servers on a new database, behind nginx. */
  async function replicasForTest(count: number) {
    const name = `t_${randomUUID().replaceAll('-', '')}`;
    const admin = await connect(postgres.url);
    await admin.query(`CREATE DATABASE ${name}`);
    const url = new URL(postgres.url);
    url.pathname = `/${name}`;
    const ports: number[] = [];
    while (ports.length < count) ports.push(await freePort());
    const start = (port: number): Promise<ServerProcess> =>
      startProcess({
        PORT: String(port),
        DATABASE_URL: url.href,
        DATABASE_MIGRATE: 'always',
        KAFKA_BROKERS: kafka.address,
        AUTH_MODE: 'open',
        TRUSTED_PROXIES: '127.0.0.1',
        SHUTDOWN_DELAY_MS: String(DELAY_MS),
        LOG_FORMAT: 'json',
      });
    const servers: ServerProcess[] = [];
    for (const port of ports) servers.push(await start(port));
    return {
      proxyUrl: await nginxForTest(ports),
      database: await connect(url.href),
      server: (index: number) => servers[index % count] as ServerProcess,
      restart: async (index: number) => {
        servers[index % count] = await start(ports[index % count] as number);
      },
    };
  }

  async function connect(url: string): Promise<Client> {
    const client = new Client({ connectionString: url });
    await client.connect();
    onTestFinished(() => client.end());
    return client;
  }

  /** Waits until the load has made some progress. */
  async function progress({ acknowledged }: RetryingLoad): Promise<void> {
    const before = acknowledged.size;
    await expect.poll(() => acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(before + 20);
  }

  async function followersForTest(urls: readonly string[]) {
    const ending = new AbortController();
    const followers = await Promise.all(urls.map((url) => new Follower(url).connect()));
    const following = Promise.all(followers.map((follower) => follower.follow(ending.signal)));
    onTestFinished(async () => {
      ending.abort();
      for (const follower of followers) follower.interrupt();
      await following;
    });
    return followers;
  }

  interface Outcome {
    readonly load: RetryingLoad;
    readonly followers: readonly Follower[];
    readonly database: Client;
    readonly url: string;
  }

  /** Every request has succeeded, and each reader has every event once: subscribers, Kafka and the statistics. */
  async function expectComplete({ load, followers, database, url }: Outcome) {
    await load.stop();
    expect(load.lost).toEqual([]);
    const { rows } = await database.query<{ id: string; version: number }>('SELECT id, version FROM orders');
    expect(new Map(rows.map(({ id, version }) => [id, version]))).toEqual(new Map(load.acknowledged));
    expect(new Set(load.acknowledged.values())).toEqual(new Set([2]));

    const unpublished = async () => {
      const { rows: open } = await database.query(
        `SELECT 1 FROM order_events WHERE position IS NULL
           OR position > (SELECT position FROM event_consumers WHERE name = 'kafka-relay') LIMIT 1`,
      );
      return open.length;
    };
    await expect.poll(unpublished, { timeout: 30_000 }).toBe(0);
    const { rows: log } = await database.query<{ key: string }>(
      `SELECT order_id || ' ' || version AS key FROM order_events ORDER BY position`,
    );
    for (const follower of followers) {
      await expect.poll(() => follower.events.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(log.length);
      expect(follower.versions).toEqual(log.map(({ key }) => key));
      expect(follower.errors.filter(({ extensions }) => extensions['code'] !== 'SERVICE_UNAVAILABLE')).toEqual([]);
    }
    const records = await readTopic(kafka.address);
    expect(versionsSeen(records)).toEqual(new Map([...load.acknowledged.keys()].map((id) => [id, [1, 2]])));
    expect(await countByStatistics(url)).toBe(load.acknowledged.size);
    return records;
  }

  async function countByStatistics(url: string): Promise<number> {
    const body = JSON.stringify({ query: '{ orderStats { count } }' });
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return ((await response.json()) as { data: { orderStats: { count: number } } }).data.orderStats.count;
  }

  test.each([
    { count: 2, rounds: Math.ceil(ROUNDS / 2) },
    { count: 3, rounds: Math.floor(ROUNDS / 2) },
  ])(
    'each of $count servers is killed and stopped in turn: no request is lost, none fails by SIGTERM, and readers miss nothing',
    async ({ count, rounds }) => {
      const { proxyUrl, database, server, restart } = await replicasForTest(count);
      const followers = await followersForTest([proxyUrl, proxyUrl, proxyUrl, proxyUrl]);
      const load = startRetryingLoad(proxyUrl);
      for (const follower of followers) await expect.poll(() => follower.events.length).toBeGreaterThan(0);
      const stops: number[] = [];
      let retried = 0;
      for (let round = 0; round < rounds; round += 1) {
        await server(round).end('SIGKILL');
        await progress(load);
        await restart(round);
        await progress(load);
        retried += load.takeFailures().length;

        const { code, tookMs } = await server(round + 1).end('SIGTERM');
        expect([code, load.takeFailures()]).toEqual([0, []]);
        expect(tookMs).toBeLessThan(DELAY_MS + SHUTDOWN_MS);
        stops.push(tookMs);
        await progress(load);
        await restart(round + 1);
        expect(load.takeFailures()).toEqual([]);
      }
      const records = await expectComplete({ load, followers, database, url: proxyUrl });
      expectOneRelay(records);
      process.stdout.write(
        `${count} servers: ${rounds} kills with ${retried} retried requests, stops in ${stops.map(Math.round).join(', ')} ms, ${load.acknowledged.size} orders\n`,
      );
    },
  );

  /** A record of an older lease does not follow one of a newer lease. */
  function expectOneRelay(records: Awaited<ReturnType<typeof readTopic>>): void {
    const newest = new Map<number, bigint>();
    for (const { partition, headers } of records) {
      const token = BigInt(headers['lease-token'] ?? 0);
      expect(token).toBeGreaterThanOrEqual(newest.get(partition) ?? 0n);
      newest.set(partition, token);
    }
  }

  async function leaseOf(database: Client): Promise<{ readonly holder: string | null; readonly token: string }> {
    const sql = "SELECT holder, token FROM event_consumers WHERE name = 'kafka-relay'";
    const [row] = (await database.query<{ holder: string | null; token: string }>(sql)).rows;
    return row ?? { holder: null, token: '' };
  }

  /** Stops the process while it holds the lease of the relay. @returns the token of the lease */
  async function stopWithLease({ pid }: ServerProcess, database: Client): Promise<string> {
    for (let tries = 0; tries < 200; tries += 1) {
      process.kill(pid, 'SIGSTOP');
      const lease = await leaseOf(database);
      await sleep(250); // the other server would end its turn in this time
      if (lease.holder !== null && (await leaseOf(database)).token === lease.token) return lease.token;
      process.kill(pid, 'SIGCONT');
      await sleep(20 * Math.random());
    }
    throw new Error('the server never had the lease when it was stopped');
  }

  test('a server that is suspended for longer than its lease is replaced, and continues without handling anything twice', async () => {
    const { proxyUrl, database, server } = await replicasForTest(2);
    const followers = await followersForTest([server(0).url, server(1).url, proxyUrl]);
    const load = startRetryingLoad(proxyUrl);
    await progress(load);
    const suspended = server(0);
    const token = await stopWithLease(suspended, database);
    onTestFinished(() => void process.kill(suspended.pid, 'SIGCONT'));
    const began = performance.now();
    await expect
      .poll(async () => (await leaseOf(database)).token, { timeout: TAKEOVER_MS, interval: 50 })
      .not.toBe(token);
    const tookMs = performance.now() - began;
    await progress(load);
    process.kill(suspended.pid, 'SIGCONT');
    await progress(load);
    const failures = load.takeFailures();
    await expectComplete({ load, followers, database, url: proxyUrl });
    process.stdout.write(
      `suspended server: lease taken over after ${Math.round(tookMs)} ms, ${failures.length} retried requests\n`,
    );
  });
});
