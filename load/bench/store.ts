// Compares the group commit and the coalesced reads of the store with simple statements, in one run on one database.
// npm run bench:store
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { pino } from 'pino';
import { coalesceReads } from '../../dist/coalesce/reader.js';
import { coalesceWrites } from '../../dist/coalesce/writer.js';
import { readConfig, type Config } from '../../dist/config.js';
import type { OrderStatus } from '../../dist/domain/lifecycle.js';
import type { OrderDraft } from '../../dist/domain/order.js';
import { completeDraft, validateOrderRequest } from '../../dist/domain/order-draft.js';
import { priceLines } from '../../dist/domain/order-lines.js';
import { OPEN_ADMIN } from '../../dist/auth/open-viewer.js';
import { actorOf } from '../../dist/domain/viewer.js';
import { newUuid } from '../../dist/orders/order-id.js';
import type { Caller } from '../../dist/orders/interfaces/caller.js';
import type { ChangeOrder, CreateOrder } from '../../dist/orders/interfaces/order-writer.js';
import { openDatabase, type Database } from '../../dist/database/database.js';
import { createEventLog } from '../../dist/store/event-log.js';
import { migrate } from '../../dist/database/migrate.js';
import { createReader } from '../../dist/store/reader.js';
import { createBatchWriter } from '../../dist/store/write-batch.js';
import { compare, median, type Load } from './measure.ts';
import { runSql, withTemporaryPostgres } from './temporary-postgres.ts';

const log = pino({ level: 'silent' });
const PATH = ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'COMPLETED'] as const;
const who = { viewer: OPEN_ADMIN, actor: actorOf(OPEN_ADMIN) };
await withTemporaryPostgres(async ({ url, postmaster }) => {
  await migrate(url);
  const config = readConfig({});
  const database = openDatabase({ ...config.database, url, applicationName: 'bench' }, log);
  const load: Load = { callers: 50, seconds: Number(process.env['BENCH_SECONDS'] ?? 2), postmaster };
  const ids = await benchWrites(database, url, config, load);
  await runSql(url, 'VACUUM (ANALYZE)'); // the same for the reads
  await benchReads(database, config, load, ids);
  await database.close();
  await benchSequencer(url, config);
});

function draft(): OrderDraft {
  const items = [1, 2, 3].map((n) => ({ productId: `p${n}`, name: `Product ${n}`, quantity: n, unitPrice: '4.20' }));
  const requested = validateOrderRequest(
    { customerId: 'bench', customerName: 'Bench', currency: 'USD', items },
    [],
    false,
  );
  if ('problems' in requested) throw new Error(JSON.stringify(requested.problems));
  const priced = priceLines(requested.request.lines, 'USD', new Map(), []);
  if ('problems' in priced) throw new Error(JSON.stringify(priced.problems));
  const completed = completeDraft(requested.request, priced.lines, []);
  if ('problems' in completed) throw new Error(JSON.stringify(completed.problems));
  return completed.draft;
}

function caller(): Caller {
  return {
    viewer: OPEN_ADMIN,
    deadline: performance.now() + 10_000,
    signal: new AbortController().signal,
    traceparent: null,
  };
}

function creation(): CreateOrder {
  return {
    kind: 'create',
    orderId: newUuid(),
    commandId: newUuid(),
    traceparent: null,
    ...who,
    draft: draft(),
    fingerprint: Buffer.alloc(33),
    inputPath: [],
    identifiedBy: 'id',
  };
}

/** Every variant stores an order with three items and one event. */
async function benchWrites(database: Database, url: string, config: Config, load: Load): Promise<readonly string[]> {
  const batchWriter = createBatchWriter(database, {
    transactionTimeoutMs: 10_000,
    maxWaitMs: 2_000,
    onCommit: () => {},
    log,
  });
  const writer = coalesceWrites(batchWriter, config.writes);
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  pool.on('error', (error) => console.error(String(error))); // after a failure the database is stopped while the pool is open
  const ids: string[] = [];
  await compare(
    'Create an order with three items and its event',
    {
      'Prisma nested create': async () => database.prisma.order.create({ data: nested() }),
      'pg, a transaction for each order': async () => byHand(pool),
      'group commit': async () => {
        const command = creation();
        await writer.write(command, caller());
        ids.push(command.orderId);
      },
    },
    load,
  );
  const half = ids.length / 2;
  await runSql(url, 'VACUUM (ANALYZE)'); // otherwise the clean-up after the creates would be measured with the changes
  await compare(
    'Change the status of an order',
    {
      'Prisma findUnique, update, create': walker(ids.slice(0, half), (id, to) =>
        changeByPrisma(database.prisma, id, to),
      ),
      'group commit': walker(ids.slice(half), async (id, to) => {
        const outcome = await writer.write(transition(id, to), caller());
        if (outcome.kind !== 'changed' || !outcome.changed) throw new Error('the order was not changed');
      }),
    },
    load,
  );
  await pool.end();
  return ids;
}

function nested() {
  const { lines, customerId, customerName, currency, subtotal, total } = draft();
  const now = new Date();
  const id = newUuid();
  return {
    id,
    customerId,
    customerName,
    currency,
    subtotal,
    total,
    status: 'PENDING' as const,
    fingerprint: Buffer.alloc(33),
    createdAt: now,
    updatedAt: now,
    items: { create: lines.map((line, index) => ({ ...line, position: index + 1 })) },
    events: {
      create: {
        version: 1,
        type: 'CREATED' as const,
        toStatus: 'PENDING' as const,
        changedFields: [],
        actorKind: 'admin',
        commandId: randomUUID(),
        traceparent: null,
        payload: {},
        occurredAt: now,
      },
    },
  };
}

async function byHand(pool: pg.Pool): Promise<void> {
  const { lines, total } = draft();
  const id = newUuid();
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query({
      name: 'order',
      text: "INSERT INTO orders (id, customer_id, customer_name, status, currency, subtotal, total, fingerprint, created_at, updated_at) VALUES ($1, 'bench', 'Bench', 'PENDING', 'USD', $2, $2, '', now(), now())",
      values: [id, total],
    });
    await client.query({
      name: 'items',
      text: 'INSERT INTO order_items SELECT $1, * FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::int[], $7::bigint[], $8::bigint[])',
      values: [
        id,
        [1, 2, 3],
        ...(['productId', 'sku', 'name', 'quantity', 'unitPrice', 'subtotal'] as const).map((key) =>
          lines.map((line) => line[key]),
        ),
      ],
    });
    await client.query({
      name: 'event',
      text: "INSERT INTO order_events (order_id, version, type, to_status, changed_fields, actor_kind, command_id, payload, occurred_at) VALUES ($1, 1, 'CREATED', 'PENDING', '{}', 'admin', gen_random_uuid(), '{}', now())",
      values: [id],
    });
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

/**
 * Transitions the orders through the lifecycle, one step of each order in turn, so that every operation is a change.
 */
function walker(ids: readonly string[], change: (id: string, to: OrderStatus) => Promise<void>) {
  let step = 0;
  return async () => {
    const to = PATH[Math.floor(step / ids.length)];
    const id = ids[step % ids.length];
    if (to === undefined || id === undefined) throw new Error('all orders are completed; lower BENCH_SECONDS');
    step += 1;
    await change(id, to);
  };
}

async function changeByPrisma(prisma: Database['prisma'], id: string, status: OrderStatus): Promise<void> {
  await prisma.$transaction(async (tx) => {
    const order = await tx.order.findUniqueOrThrow({ where: { id } });
    const version = order.version + 1;
    const now = new Date();
    const completedAt = status === 'COMPLETED' ? now : null;
    await tx.order.update({
      where: { id, version: order.version },
      data: { status, version, updatedAt: now, completedAt },
    });
    const event = { orderId: id, version, type: 'STATUS_CHANGED', fromStatus: order.status, toStatus: status } as const;
    await tx.orderEvent.create({
      data: { ...event, changedFields: [], actorKind: 'admin', commandId: randomUUID(), payload: {}, occurredAt: now },
    });
  });
}

function transition(orderId: string, to: OrderStatus): ChangeOrder {
  return {
    kind: 'change',
    orderId,
    commandId: newUuid(),
    traceparent: null,
    ...who,
    change: { kind: 'status', to, cancelReason: 'OTHER', tracking: null },
    expectedVersion: null,
    reason: null,
    key: null,
    inputPath: [],
  };
}

async function benchReads(database: Database, config: Config, load: Load, ids: readonly string[]): Promise<void> {
  const readerFor = coalesceReads(createReader(database, config.reads, log), config.reads);
  const idAt = (index: number) => ids[index % ids.length] ?? '';
  await compare(
    'Read an order with its items',
    {
      'Prisma findUnique with include': async (index: number) =>
        database.prisma.order.findUnique({ where: { id: idAt(index) }, include: { items: true } }),
      coalesced: async (index: number) => {
        const reader = readerFor(caller());
        const id = idAt(index);
        await Promise.all([reader.order(id), reader.items(id)]);
      },
    },
    load,
  );
}

/** The cost of the sequencer's lookup while an idle transaction keeps dead index entries from being removed. */
async function benchSequencer(url: string, config: Config): Promise<void> {
  const database = openDatabase({ ...config.database, url, applicationName: 'bench' }, log);
  const client = new pg.Client({ connectionString: url });
  const idle = new pg.Client({ connectionString: url });
  await Promise.all([client.connect(), idle.connect()]);
  const eventLog = createEventLog(database);
  while ((await eventLog.sequence(2_000, null)) !== 0);
  await client.query('VACUUM order_events');
  await idle.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await idle.query('SELECT pg_current_xact_id()');
  console.log('\nLook-up of one new event while an idle transaction stays open (median of 21)');
  let events = 0;
  for (const until of [0, 10_000, 50_000, 100_000, 200_000]) {
    for (; events < until; events += 10_000) {
      await addEvents(client, 10_000);
      while ((await eventLog.sequence(2_000, null)) !== 0);
    }
    const took: Record<'everywhere' | 'byOrder', number[]> = { everywhere: [], byOrder: [] };
    for (let index = 0; index < 21; index += 1) {
      for (const [how, times] of Object.entries(took)) {
        const ids = await addEvents(client, 1);
        const began = performance.now();
        await eventLog.sequence(2_000, how === 'byOrder' ? ids : null);
        times.push(performance.now() - began);
      }
    }
    const [everywhere, byOrder] = [median(took.everywhere), median(took.byOrder)].map(
      (ms) => `${ms.toFixed(2).padStart(7)} ms`,
    );
    console.log(`  after ${String(until).padStart(7)} events: everywhere ${everywhere}, by order ${byOrder}`);
  }
  await Promise.all([client.end(), idle.end(), database.close()]);
}

async function addEvents(client: pg.Client, count: number): Promise<string[]> {
  const { rows } = await client.query<{ order_id: string }>(
    `WITH made AS (
       INSERT INTO orders (id, status, currency, subtotal, total, fingerprint, version, created_at, updated_at)
       SELECT gen_random_uuid(), 'PENDING', 'USD', 0, 0, '', 1, now(), now() FROM generate_series(1, $1) RETURNING id)
     INSERT INTO order_events (order_id, version, type, to_status, changed_fields, actor_kind, command_id, payload, occurred_at)
     SELECT id, 1, 'CREATED', 'PENDING', '{}', 'system', gen_random_uuid(), '{}', now() FROM made RETURNING order_id`,
    [count],
  );
  return rows.map((row) => row.order_id);
}
