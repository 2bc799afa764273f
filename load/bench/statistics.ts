// Compares reading the stored statistics with counting the orders by plain SQL, by number of orders.
// npm run bench:statistics
import pg from 'pg';
import { pino } from 'pino';
import { readConfig } from '../../dist/config.js';
import { openDatabase, type Database } from '../../dist/database/database.js';
import { registerConsumers } from '../../dist/events/consumers/consumer-positions.js';
import { createConsumerMemory } from '../../dist/events/consumers/consumer-memory.js';
import { takeTurn } from '../../dist/events/consumers/consumer-turn.js';
import { orderStatisticsProjection } from '../../dist/events/consumers/order-statistics.js';
import { createEventLog } from '../../dist/store/event-log.js';
import { migrate } from '../../dist/database/migrate.js';
import { createReader } from '../../dist/store/reader.js';
import { countEvents } from '../../dist/store/statements/count-events.js';
import { median } from './measure.ts';
import { withTemporaryPostgres } from './temporary-postgres.ts';

const SIZES = [10, 10_000, 200_000];
const BATCH_SIZE = 2_000;
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
await withTemporaryPostgres(async ({ url }) => {
  await migrate(url);
  const database = openDatabase({ ...readConfig({}).database, url, applicationName: 'bench' }, log);
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // the end of the server ends the connection
  await client.connect();
  await bench(database, client);
  await client.end();
  await database.close();
});

async function bench(database: Database, client: pg.Client): Promise<void> {
  const eventLog = createEventLog(database);
  const unused = new AbortController().signal;
  const reader = createReader(database, readConfig({}).reads, log);
  const consumer = orderStatisticsProjection(countEvents);
  const process = { database, eventLog, holder: 'bench', leaseMs: 600_000 };
  await registerConsumers(database.prisma, [consumer]);
  for (const [index, size] of SIZES.entries()) {
    await client.query(INSERT, [(SIZES[index - 1] ?? 0) + 1, size]);
    while ((await eventLog.sequence(BATCH_SIZE, null)) !== 0);
    const began = performance.now();
    const memory = createConsumerMemory();
    await takeTurn(consumer, process, { minEvents: 1, isClosing: () => false, closing: unused, memory });
    const each = (1_000 * (performance.now() - began)) / (size - (SIZES[index - 1] ?? 0));
    await client.query('VACUUM ANALYZE');
    const figures = {
      'all time': await timeOf(() => reader.stats.read([{ period: ALL_TIME, customerId: null }], unused)),
      '30 days': await timeOf(() => reader.stats.read([{ period: MONTH, customerId: null }], unused)),
      'plain SQL': await timeOf(() => client.query(PLAIN)),
    };
    const texts = Object.entries(figures).map(([what, ms]) => `${what} ${ms.toFixed(2).padStart(6)} ms`);
    console.log(
      `${String(size).padStart(7)} orders: ${texts.join(', ')}; counting ${each.toFixed(0).padStart(4)} µs an event`,
    );
  }
}

/** Median of 21, in milliseconds. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 21; round += 1) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return median(times);
}
