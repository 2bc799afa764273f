// Compares reading an order from the database with reading it from Redis, beside the whole request over HTTP: what a cache of
// orders could save at most. npm run bench:cached-orders. Needs redis-server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import path from 'node:path';
import { pino } from 'pino';
import { createClient } from 'redis';
import { OPEN_ADMIN } from '../../dist/auth/open-viewer.js';
import { coalesceReads } from '../../dist/coalesce/reader.js';
import { readConfig } from '../../dist/config.js';
import { openDatabase } from '../../dist/database/database.js';
import { migrate } from '../../dist/database/migrate.js';
import { createReader } from '../../dist/store/reader.js';
import { startChildServer } from './http/child-server.ts';
import { SEED_ORDERGRAPH, storedOrders } from './http/orders.ts';
import { cpuOfFamily, median } from './measure.ts';
import { withTemporaryPostgres } from './temporary-postgres.ts';

const ORDERS = 2_000;
const ROUNDS = 5;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 2);
const QUERY = 'query Order($id: ID!) { order(id: $id) { id number status total { amount } items { name quantity } } }';
const REDIS_URL = 'redis://127.0.0.1:6390';

const log = pino({ level: 'silent' });
const agent = new Agent({ keepAlive: true });

await withTemporaryPostgres(async ({ url, postmaster, folder }) => {
  await migrate(url);
  const orders = storedOrders(url, SEED_ORDERGRAPH);
  await orders.seed(ORDERS);
  const ids = await orders.ids(ORDERS);
  const args = ['--max-semi-space-size=64', path.resolve(import.meta.dirname, '../../dist/main.js')];
  await using server = await startChildServer({ name: 'server', args, env: { PORT: '0', DATABASE_URL: url }, folder });
  const config = readConfig({});
  const database = openDatabase({ ...config.database, url, applicationName: 'bench' }, log);
  const readerFor = coalesceReads(createReader(database, config.reads, log), config.reads);
  const fromDatabase = async (id: string) => {
    const { signal } = new AbortController();
    const caller = { viewer: OPEN_ADMIN, deadline: performance.now() + 10_000, signal, traceparent: null };
    const reader = readerFor(caller);
    return Promise.all([reader.order(id), reader.items(id)]);
  };

  const redisServer = spawn('redis-server', ['--port', '6390', '--bind', '127.0.0.1', '--save', '']);
  await once(redisServer.stdout, 'data');
  const redis = await createClient({ url: REDIS_URL }).connect();
  try {
    for (const id of ids) await redis.set(`order:${id}`, textOf(await fromDatabase(id)));
    const redisPid = redisServer.pid ?? 0;
    for (const callers of [1, 50]) {
      await compare(callers, ids, {
        'order(id:) over HTTP': { pids: [server.pid, postmaster], run: (id) => orderOverHttp(server.url, id) },
        'of this, the reads of the database': { pids: [process.pid, postmaster], run: fromDatabase },
        'GET and JSON.parse with Redis': {
          pids: [process.pid, redisPid],
          run: async (id) => JSON.parse((await redis.get(`order:${id}`)) ?? '') as unknown,
        },
      });
    }
  } finally {
    redis.destroy();
    redisServer.kill();
    await database.close();
  }
});
agent.destroy();

function textOf(order: unknown): string {
  return JSON.stringify(order, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

async function orderOverHttp(url: string, id: string): Promise<void> {
  const call = request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json' } });
  call.end(JSON.stringify({ query: QUERY, variables: { id } }));
  const [response] = (await once(call, 'response')) as [AsyncIterable<Buffer>];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  if (!body.includes(`"id":"${id}"`)) throw new Error(body.slice(0, 500));
}

interface Variant {
  /** The process that executes the operation, and its database. */
  readonly pids: readonly [process: number, database: number];
  readonly run: (id: string) => Promise<unknown>;
}

interface Figures {
  /** In milliseconds. */
  readonly p50: number;
  /** CPU milliseconds for each operation. */
  readonly cpu: readonly number[];
}

/** Measures the variants in turn and prints the medians of the rounds. */
async function compare(callers: number, ids: readonly string[], variants: Readonly<Record<string, Variant>>) {
  const results = new Map(Object.keys(variants).map((name): [string, Figures[]] => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, variant] of Object.entries(variants)) {
      const figures = await measure(callers, ids, variant);
      if (round > 0) results.get(name)?.push(figures); // the first round warms up
    }
  }
  console.log(`\n${callers} callers, median of ${ROUNDS} rounds of ${SECONDS} s`);
  for (const [name, rounds] of results) {
    const [own, database] = [0, 1].map((index) => median(rounds.map(({ cpu }) => cpu[index] ?? Number.NaN)).toFixed(3));
    const p50 = median(rounds.map((each) => each.p50)).toFixed(3);
    console.log(`  ${name.padEnd(36)} p50 ${p50} ms   CPU: process ${own} ms, database or Redis ${database} ms`);
  }
}

async function measure(callers: number, ids: readonly string[], { pids, run }: Variant): Promise<Figures> {
  const before = pids.map(cpuOfFamily);
  const until = performance.now() + SECONDS * 1_000;
  const times: number[] = [];
  const call = async () => {
    while (performance.now() < until) {
      const began = performance.now();
      await run(ids[times.length % ids.length] ?? '');
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  const cpu = pids.map((pid, index) => ((cpuOfFamily(pid) - (before[index] ?? 0)) * 1_000) / times.length);
  return { p50: median(times), cpu };
}
