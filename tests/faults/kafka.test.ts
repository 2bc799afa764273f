import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { pino } from 'pino';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { createKafka, HAS_KAFKA, type KafkaBroker } from '../support/kafka.js';
import { readTopic, versionsSeen, withAdmin, type ReadRecord } from '../support/kafka-reader.js';
import { startOrderLoad, type OrderLoad } from '../support/order-load.js';
import { startProcess, type ServerProcess } from '../support/process.js';
import { createdOrder, transitionOrder } from '../support/order-requests.js';

const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 5);
const HAND_OVER_MS = 15_000;

if (!HAS_KAFKA) process.stdout.write('SKIPPED: Kafka is not installed. See install_kafka in .ci/run.\n');

describe.skipIf(!HAS_KAFKA)('the Kafka relay', () => {
  let kafka: KafkaBroker;
  let postgres: EmbeddedPostgres;
  let folder: string;
  beforeAll(async () => {
    kafka = await createKafka();
    const starting = kafka.start();
    folder = await mkdtemp(path.join(tmpdir(), 'ordergraph-faults-'));
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

  /** A new database, whose tables the first server creates. */
  async function databaseForTest() {
    const name = `t_${randomUUID().replaceAll('-', '')}`;
    const admin = await connect(postgres.url);
    await admin.query(`CREATE DATABASE ${name}`);
    const url = new URL(postgres.url);
    url.pathname = `/${name}`;
    return { url: url.href, client: await connect(url.href) };
  }

  async function connect(url: string): Promise<Client> {
    const client = new Client({ connectionString: url });
    await client.connect();
    onTestFinished(() => client.end());
    return client;
  }

  const startServer = (url: string, env: Record<string, string> = {}): Promise<ServerProcess> =>
    startProcess({
      DATABASE_URL: url,
      DATABASE_MIGRATE: 'always',
      KAFKA_BROKERS: kafka.address,
      LOG_FORMAT: 'json',
      ...env,
    });

  const readRelay = async (client: Client) => {
    const { rows } = await client.query<{ position: number; last: number; holder: string | null; held: string | null }>(
      `SELECT c.position::int, (SELECT coalesce(max(position), 0)::int FROM order_events) AS last, c.holder, c.held
       FROM event_consumers c WHERE c.name = 'kafka-relay'`,
    );
    return rows[0] ?? { position: 0, last: 0, holder: null, held: null };
  };

  /** Waits until every committed event is published. @returns the time that it took, in milliseconds */
  async function drained(client: Client, timeout = 60_000): Promise<number> {
    const began = performance.now();
    const open = async () => {
      const { rows } = await client.query<{ open: number }>(
        `SELECT count(*)::int AS open FROM order_events
         WHERE position IS NULL OR position > (SELECT position FROM event_consumers WHERE name = 'kafka-relay')`,
      );
      return rows[0]?.open;
    };
    await expect.poll(open, { timeout }).toBe(0);
    return performance.now() - began;
  }

  /** Every acknowledged version is in the topic, in order, and a reader that skips seen versions sees each once. */
  async function expectComplete({ acknowledged }: OrderLoad, client: Client): Promise<readonly ReadRecord[]> {
    const records = await readTopic(kafka.address);
    const seen = versionsSeen(records);
    const { rows } = await client.query<{ id: string; version: number }>(
      'SELECT order_id AS id, max(version)::int AS version FROM order_events GROUP BY order_id',
    );
    const stored = new Map(rows.map(({ id, version }) => [id, version]));
    for (const [id, version] of acknowledged) expect(stored.get(id) ?? 0).toBeGreaterThanOrEqual(version);
    expect(seen).toEqual(
      new Map([...stored].map(([id, version]) => [id, Array.from({ length: version }, (_, n) => n + 1)])),
    );
    return records;
  }

  const linesOf = (server: ServerProcess, message: string) =>
    server
      .output()
      .split('\n')
      .filter((line) => line.includes(message));

  const DOWN = 'Kafka does not accept events';
  const UP = 'Kafka accepts events again';

  test('publishes every event by the documented schema, with its headers, and without other personal data', async () => {
    const { url, client } = await databaseForTest();
    const server = await startServer(url);
    const isMessage = new Ajv2020().compile(
      JSON.parse(await readFile('docs/order-event.schema.json', 'utf8')) as object,
    );
    const secret = { customerName: 'Ada Lovelace', customerEmail: 'ada@example.com', notes: 'Ring twice' };
    const { id } = await createdOrder(server, { ...secret, customerId: 'ada' });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent },
      body: JSON.stringify({
        query: `mutation { updateOrderStatus(input: { id: "${id}", status: CONFIRMED, reason: "Ada paid" }) { changed } }`,
      }),
    });
    await drained(client);
    const records = await readTopic(kafka.address);
    expect(records.map(({ key, message }) => [key, message.version])).toEqual([
      [id, 1],
      [id, 2],
    ]);
    for (const { message } of records) expect([isMessage(message), isMessage.errors]).toEqual([true, null]);
    expect(records[1]).toMatchObject({
      headers: {
        'event-id': `event:${id}:2`,
        'event-type': 'STATUS_CHANGED',
        'schema-version': '1',
        'content-type': 'application/json',
        'lease-token': expect.stringMatching(/^\d+$/) as string,
        traceparent,
      },
      message: { from: 'PENDING', to: 'CONFIRMED', customerId: 'ada', order: { status: 'CONFIRMED' } },
    });
    expect(records[0]?.headers).not.toHaveProperty('traceparent');
    const text = JSON.stringify(records, (_name, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(text).not.toMatch(/Lovelace|example\.com|Ring twice|paid/);
  });

  test('orders succeed while Kafka is down or hangs; the backlog drains afterwards, in order, with one line at each end', async () => {
    const { url, client } = await databaseForTest();
    const server = await startServer(url);
    const load = startOrderLoad(() => [server]);
    onTestFinished(() => load.stop());
    await sleep(2_000);
    const before = load.takeTimes();
    for (const [fail, recover] of [
      [() => kafka.stop(), () => kafka.start()],
      [() => kafka.pause(), async () => kafka.resume()],
    ] as const) {
      const lines = linesOf(server, UP).length;
      await fail();
      load.takeTimes();
      await expect.poll(() => linesOf(server, DOWN).length, { timeout: 15_000 }).toBe(lines + 1);
      await sleep(3_000);
      const during = load.takeTimes();
      process.stdout.write(`creates and changes: ${summary(before)} before, ${summary(during)} without Kafka\n`);
      expect(during.length).toBeGreaterThan(before.length / 4);
      expect(Math.max(...during)).toBeLessThan(2_000);
      await recover();
      await expect.poll(() => linesOf(server, UP).length, { timeout: 30_000 }).toBe(lines + 1);
    }
    await load.stop();
    await drained(client);
    expect(linesOf(server, DOWN)).toHaveLength(2);
    expect(linesOf(server, 'poll failed')).toEqual([]);
    await expectComplete(load, client);
  });

  test('of two servers one relays; when it is killed under load, the other one takes over and no event is missing', async () => {
    const { url, client } = await databaseForTest();
    const running: ServerProcess[] = [await startServer(url), await startServer(url)];
    const load = startOrderLoad(() => running);
    onTestFinished(() => load.stop());
    const handOvers: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await sleep(500);
      const victim = running[round % 2];
      await expect.poll(async () => (await readRelay(client)).holder, { timeout: 20_000, interval: 1 }).not.toBeNull();
      const { position } = await readRelay(client);
      const killed = performance.now();
      await victim?.end('SIGKILL');
      const restarting = startServer(url);
      await expect
        .poll(async () => (await readRelay(client)).position, { timeout: HAND_OVER_MS })
        .toBeGreaterThan(position + 50);
      handOvers.push(performance.now() - killed);
      running[round % 2] = await restarting;
    }
    await load.stop();
    await drained(client);
    process.stdout.write(`hand-overs: ${handOvers.map((ms) => `${Math.round(ms)} ms`).join(', ')}\n`);
    const records = await expectComplete(load, client);
    const repeated = records.length - [...versionsSeen(records).values()].flat().length;
    process.stdout.write(`${records.length} records, ${repeated} of them repeated\n`);
  });

  test('a start and a stop of the server do not wait for Kafka', async () => {
    const { url } = await databaseForTest();
    const unreachable = await startServer(url, { KAFKA_BROKERS: '127.0.0.1:9' });
    await createdOrder(unreachable);
    expect((await unreachable.end()).code).toBe(0);
    await kafka.pause();
    onTestFinished(() => kafka.resume());
    const server = await startServer(url);
    await createdOrder(server);
    await sleep(500);
    const { code, tookMs } = await server.end();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(6_000);
  });

  test('is held if Kafka has events that the log does not have, and continues when an operator resumes it', async () => {
    const [lost, restored] = [await databaseForTest(), await databaseForTest()];
    const first = await startServer(lost.url);
    const { id } = await createdOrder(first);
    await transitionOrder(first, { id, status: 'CONFIRMED' });
    await drained(lost.client);
    await first.end();

    const second = await startServer(restored.url);
    await createdOrder(second);
    const held = async () => (await readRelay(restored.client)).held;
    await expect
      .poll(held, { timeout: 10_000 })
      .toMatch(`Kafka has events that the log does not have, such as event:${id}:2`);
    await sleep(1_500);
    expect(linesOf(second, 'consumer held')).toHaveLength(1);
    expect(await readTopic(kafka.address)).toHaveLength(2);

    await restored.client.query(`UPDATE event_consumers SET held = NULL, token = token + 1 WHERE name = 'kafka-relay'`);
    await drained(restored.client);
    await second.end();
    const third = await startServer(restored.url);
    await createdOrder(third);
    await drained(restored.client); // it compares again, and does not hold for the same events
    expect(await readTopic(kafka.address)).toHaveLength(4);
  });
});

function summary(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => `${Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0)} ms`;
  return `${times.length} with a median of ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`;
}
