import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { cancelOrder, createdOrder, createOrder } from '../support/order-requests.js';
import { startProcess, type ServerProcess } from '../support/process.js';

/* Servers that run fulfilment are killed in the middle of jobs. The database is not. */

const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 5);
const ORDERS_A_ROUND = 120;
const WAIT = { timeout: 90_000, interval: 200 };

let postgres: EmbeddedPostgres;
let dataDir: string;
let client: Client;
let env: Record<string, string>;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'ordergraph-fulfilment-'));
  await chmod(dataDir, 0o755);
  postgres = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) });
  client = new Client({ connectionString: postgres.url });
  await client.connect();
  env = {
    DATABASE_URL: postgres.url,
    DATABASE_MIGRATE: 'always',
    FULFILMENT: 'simulated',
    FULFILMENT_COMPLETE_AFTER_MS: '300',
  };
});

afterAll(async () => {
  await client.end();
  await postgres.close();
  await rm(dataDir, { recursive: true, force: true });
});

interface History {
  readonly id: string;
  readonly statuses: string;
}

async function histories(ids: readonly string[]): Promise<readonly History[]> {
  const { rows } = await client.query<History>(
    `SELECT o.id, string_agg(e.to_status::text, ' ' ORDER BY e.version) AS statuses
     FROM orders o JOIN order_events e ON e.order_id = o.id
     WHERE o.id = any($1::uuid[]) GROUP BY o.id`,
    [ids],
  );
  return rows;
}

async function countOpen(): Promise<number> {
  const { rows } = await client.query<{ open: number }>(
    "SELECT count(*)::int AS open FROM orders WHERE status IN ('PENDING', 'PROCESSING')",
  );
  return rows[0]?.open ?? 0;
}

async function countSteps(): Promise<number> {
  const { rows } = await client.query<{ steps: number }>(
    "SELECT count(*)::int AS steps FROM ordergraph_jobs.job WHERE state < 'completed'",
  );
  return rows[0]?.steps ?? 0;
}

test('workers that are killed in the middle of jobs: every order is COMPLETED once, each step once, cancelled orders stay', async () => {
  const servers: ServerProcess[] = [await startProcess(env), await startProcess(env)];
  const cancelled = new Set<string>();
  const created: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const victim = round % 2;
    const [killed, other] = [servers[victim], servers[1 - victim]];
    if (killed === undefined || other === undefined) throw new Error('a server is missing');
    const creations = Promise.all(
      Array.from({ length: ORDERS_A_ROUND }, async (_, index) => {
        await sleep(index * 5);
        const input = { id: randomUUID() };
        const server = index % 2 === 0 ? killed : other;
        const { order } = await createOrder(server, input).catch(() => createOrder(other, input));
        created.push(order?.id ?? '');
        if (index % 10 !== 0) return;
        const { changed } = (await cancelOrder(other, { id: order?.id, reason: 'CUSTOMER' })) as { changed?: boolean };
        if (changed === true) cancelled.add(order?.id ?? '');
      }),
    );
    await sleep(200 + Math.random() * 1_500);
    await killed.end('SIGKILL');
    await creations;
    servers[victim] = await startProcess(env);
  }
  await expect.poll(countOpen, WAIT).toBe(0);
  await expect.poll(countSteps, WAIT).toBe(0);
  const all = await histories(created);
  expect(all).toHaveLength(ROUNDS * ORDERS_A_ROUND);
  const wrong = all.filter(({ id, statuses }) =>
    cancelled.has(id)
      ? !['PENDING CANCELLED', 'PENDING PROCESSING CANCELLED'].includes(statuses)
      : statuses !== 'PENDING PROCESSING COMPLETED',
  );
  expect(wrong).toEqual([]);
  process.stdout.write(`${ROUNDS} kills: ${all.length} orders, ${cancelled.size} of them cancelled\n`);
});

test('the connections of a server are cut while it works: it continues, and each step is made once', async () => {
  const server = await startProcess({ ...env, FULFILMENT_COMPLETE_AFTER_MS: '1000' });
  const ids: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const orders = await Promise.all(Array.from({ length: 50 }, () => createdOrder(server)));
    ids.push(...orders.map(({ id }) => id));
    await sleep(Math.random() * 1_000);
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
    );
    await expect
      .poll(
        () =>
          createOrder(server, { id: randomUUID() }).then(
            () => 'created',
            () => 'failed',
          ),
        WAIT,
      )
      .toBe('created');
  }
  await expect.poll(countOpen, WAIT).toBe(0);
  const wrong = (await histories(ids)).filter(({ statuses }) => statuses !== 'PENDING PROCESSING COMPLETED');
  expect(wrong).toEqual([]);
  expect((await server.end('SIGTERM')).code).toBe(0);
});
