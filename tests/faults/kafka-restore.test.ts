import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TestClient } from '../support/client.js';
import { clusterForTest, SKIPS_CLUSTER } from '../support/cluster.js';
import { createKafka, HAS_KAFKA } from '../support/kafka.js';
import { readTopic } from '../support/kafka-reader.js';
import { createdOrder, transitionOrder } from '../support/order-requests.js';
import { startProcess } from '../support/process.js';

const CLI = path.resolve('dist/cli/main.js');
const WAIT = { timeout: 20_000, interval: 250 };

/** Stores two events for each order. */
async function writeOrders(client: TestClient, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let each = 0; each < count; each += 1) {
    const { id } = await createdOrder(client);
    await transitionOrder(client, { id, status: 'CONFIRMED' });
    ids.push(id);
  }
  return ids;
}

interface Relay {
  readonly position: number;
  readonly held: string | null;
  readonly last: number;
}

async function run<T extends object>(url: string, sql: string): Promise<readonly T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function relayOf(url: string): Promise<Relay> {
  const sql = `SELECT position::int, held, (SELECT max(position)::int FROM order_events) AS last
    FROM event_consumers WHERE name = 'kafka-relay'`;
  const [relay] = await run<Relay>(url, sql);
  return relay ?? { position: 0, held: null, last: 0 };
}

describe.skipIf(!HAS_KAFKA || SKIPS_CLUSTER)('a restore of the database under a running relay', () => {
  test(
    'holds the relay, which skips and repeats nothing, until an operator resumes it',
    { timeout: 120_000 },
    async () => {
      const kafka = await createKafka();
      onTestFinished(() => kafka.remove());
      await kafka.start();
      const { url, dump, restore } = await clusterForTest();
      const env = {
        DATABASE_URL: url,
        DATABASE_MIGRATE: 'always',
        KAFKA_BROKERS: kafka.address,
        EVENTS_POLL_MS: '100',
      };
      const server = await startProcess(env);
      const kept = await writeOrders(server, 5);
      await expect.poll(() => relayOf(url), WAIT).toEqual({ position: 10, held: null, last: 10 });
      const file = await dump();
      const lost = await writeOrders(server, 5);
      await expect.poll(async () => (await relayOf(url)).position, WAIT).toBe(20);

      await restore(file);
      await run(
        url,
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
      ); // their plans are of the earlier tables
      await expect.poll(async () => (await relayOf(url)).held, WAIT).toMatch(/restored/);
      const isWritable = () =>
        writeOrders(server, 1).then(
          () => true,
          () => false,
        );
      await expect.poll(isWritable, WAIT).toBe(true); // connections were cut
      const later = await writeOrders(server, 3);
      const published = async () => (await readTopic(kafka.address)).map(({ key }) => key);
      expect(new Set(await published())).toEqual(new Set([...kept, ...lost]));
      expect(await published()).toHaveLength(20);

      const words = [CLI, 'consumers', 'resume', 'kafka-relay'];
      await promisify(execFile)(process.execPath, words, {
        env: { PATH: process.env['PATH'] ?? '', DATABASE_URL: url, KAFKA_BROKERS: kafka.address },
      });
      await expect
        .poll(async () => {
          const { position, last } = await relayOf(url);
          return position === last;
        }, WAIT)
        .toBe(true);
      const all = await published();
      for (const id of [...kept, ...lost, ...later]) expect(all.filter((key) => key === id)).toHaveLength(2);
    },
  );
});
