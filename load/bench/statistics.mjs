// Compares reading the kept statistics with counting the orders by plain SQL, as orders become many.
// npm run bench:statistics
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { readConfig } from '../../dist/config.js';
import { openDatabase } from '../../dist/database/database.js';
import { startEmbeddedPostgres } from '../../dist/database/embedded-postgres.js';
import { createEventLog } from '../../dist/store/event-log.js';
import { migrate } from '../../dist/database/migrate.js';
import { createReader } from '../../dist/store/reader.js';
import { createStatsKeeper } from '../../dist/store/order-statistics.js';
import { median } from './measure.mjs';

const SIZES = [10, 10_000, 200_000];
const BULK = 2_000;
const ALL_TIME = { from: null, to: null };
const MONTH = { from: new Date('2026-01-01T05:00:00Z'), to: new Date('2026-01-31T07:00:00Z') };

const PLAIN = 'SELECT status, currency, count(*), sum(total) FROM orders WHERE deleted_at IS NULL GROUP BY 1, 2';

/** Orders every 30 seconds, with their events. */
const INSERT = `
WITH created AS (
  INSERT INTO orders (id, status, currency, subtotal, total, fingerprint, created_at, updated_at)
  SELECT gen_random_uuid(), 'PENDING', 'USD', n, n, '', t.at, t.at
  FROM generate_series($1::int, $2::int) AS n
  CROSS JOIN LATERAL (SELECT '2026-01-01'::timestamptz + n * interval '30 seconds' AS at) t
  RETURNING id, currency, total, created_at
)
INSERT INTO order_events (order_id, version, type, to_status, changed_fields, actor_kind, command_id, payload, occurred_at)
SELECT id, 1, 'CREATED', 'PENDING', '{}', 'system', gen_random_uuid(),
  jsonb_build_object('currency', currency, 'totalMinor', total::text, 'createdAt', created_at), created_at
FROM created`;

const log = pino({ level: 'silent' });
const dataDir = await mkdtemp(path.join(tmpdir(), 'ordergraph-bench-'));
const embedded = await startEmbeddedPostgres({ dataDir, log });
try {
  await migrate(embedded.url);
  const database = openDatabase({ ...readConfig({}).database, url: embedded.url, applicationName: 'bench' }, log);
  const client = new pg.Client({ connectionString: embedded.url });
  client.on('error', () => undefined); // ending the server ends it too
  await client.connect();
  await bench(database, client);
  await client.end();
  await database.close();
} catch (cause) {
  console.error(cause);
  process.exitCode = 1;
} finally {
  await embedded.close();
  await rm(dataDir, { recursive: true, force: true });
}

async function bench(database, client) {
  const [events, keeper, reader] = [createEventLog(database), createStatsKeeper(database), createReader(database)];
  for (const [index, size] of SIZES.entries()) {
    await client.query(INSERT, [(SIZES[index - 1] ?? 0) + 1, size]);
    while ((await events.sequence(BULK, null)) > 0);
    const began = performance.now();
    let counted = 0;
    for (let more = BULK; more > 0; counted += more) more = await keeper.advance(BULK, 1);
    const each = (1_000 * (performance.now() - began)) / counted;
    await client.query('VACUUM ANALYZE');
    const figures = {
      'all time': await timeOf(() => reader.stats([{ period: ALL_TIME, customerId: null }])),
      '30 days': await timeOf(() => reader.stats([{ period: MONTH, customerId: null }])),
      'plain SQL': await timeOf(() => client.query(PLAIN)),
    };
    const told = Object.entries(figures).map(([what, ms]) => `${what} ${ms.toFixed(2).padStart(6)} ms`);
    console.log(
      `${String(size).padStart(7)} orders: ${told.join(', ')}; counting ${each.toFixed(0).padStart(4)} µs an event`,
    );
  }
}

/** Median of 21, in milliseconds. */
async function timeOf(work) {
  const times = [];
  for (let round = 0; round < 21; round += 1) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return median(times);
}
