import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { coalesceReads } from '../../src/coalesce/reader.js';
import { readConfig } from '../../src/config.js';
import { LIFECYCLE, ORDER_STATUSES, type OrderStatus } from '../../src/domain/lifecycle.js';
import { formatMoney } from '../../src/domain/money.js';
import type { Viewer } from '../../src/domain/viewer.js';
import type { TransactionalConsumer } from '../../src/events/consumers/consumer.js';
import { registerConsumers } from '../../src/events/consumers/consumer-positions.js';
import { startConsumers } from '../../src/events/consumers/consumer-runner.js';
import { createConsumerMemory } from '../../src/events/consumers/consumer-memory.js';
import { takeTurn } from '../../src/events/consumers/consumer-turn.js';
import { orderStatisticsProjection } from '../../src/events/consumers/order-statistics.js';
import { readStatistics } from '../../src/orders/order-statistics.js';
import type { Database } from '../../src/database/database.js';
import { createEventLog } from '../../src/store/event-log.js';
import { createReader } from '../../src/store/reader.js';
import {
  readStatistics as readKeptStatistics,
  readStatsSeries,
  readStatsSpan,
} from '../../src/store/order-statistics.js';
import { countEvents } from '../../src/store/statements/count-events.js';
import { callerOf } from '../support/caller.js';
import type { TestDatabase } from '../support/database.js';
import { databaseForTest, serverForTest, storeForTest, useDatabase, useServer } from '../support/fixture.js';
import {
  cancelOrder,
  createdWholeOrder,
  deleteOrder,
  transitionWholeOrder,
  updateOrder,
} from '../support/order-requests.js';
import { startPostgresProxy } from '../support/postgres-proxy.js';
import { createRandom, type Random } from '../support/random.js';
import { insertEvents, insertOrders } from '../support/rows.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 2, 1);

interface Event {
  readonly version: number;
  readonly type: string;
  readonly from: OrderStatus | null;
  readonly to: OrderStatus | null;
  readonly total: number;
  readonly status: OrderStatus;
  readonly at: number;
}

interface OrderHistory {
  readonly id: string;
  readonly customerId: string;
  readonly currency: string;
  readonly createdAt: number;
  readonly events: readonly Event[];
}

/** Generates an order and its events as the server would store them. */
function randomHistory(random: Random): OrderHistory {
  const createdAt = START + random.whole(40 * DAY);
  let [status, total, at]: [OrderStatus, number, number] = ['PENDING', random.whole(1_000_000_000), createdAt];
  const events: Event[] = [{ version: 1, type: 'CREATED', from: null, to: 'PENDING', total, status, at }];
  const add = (type: string, from: OrderStatus | null, to: OrderStatus | null) => {
    at += random.whole(random.pick([1, 1_000, HOUR, 30 * DAY]));
    events.push({ version: events.length + 1, type, from, to, total, status, at });
  };
  while (random.chance(0.8)) {
    if (random.chance(0.2)) {
      if (status === 'PENDING') total = random.whole(1_000_000_000);
      add('UPDATED', null, null);
    } else {
      const from: OrderStatus = status;
      const next: readonly OrderStatus[] = LIFECYCLE[from];
      if (next.length === 0) break;
      status = random.pick(next);
      add('STATUS_CHANGED', from, status);
    }
  }
  if (random.chance(0.15)) add('DELETED', null, null);
  const [currency, customerId] = [random.pick(['USD', 'JPY', 'KWD']), random.pick(['ada', 'bob'])];
  return { id: randomUUID(), customerId, currency, createdAt, events };
}

async function write(database: TestDatabase, histories: readonly OrderHistory[]): Promise<void> {
  const orders = histories.map(({ id, customerId, currency, createdAt, events }) => {
    const last = events.at(-1);
    if (last === undefined) throw new Error('a history has at least one event');
    const { status, total, version } = last;
    const updatedAt = new Date(last.at);
    const row = { id, currency, status, total, version, createdAt: new Date(createdAt), updatedAt };
    return last.type === 'DELETED' ? { ...row, deletedAt: updatedAt } : { ...row, customerId };
  });
  await insertOrders(database, orders);
  const events = histories.flatMap(({ events: each, id, currency, createdAt }) =>
    each.map(({ version, type, from, to, total, status, at }) => ({
      orderId: id,
      version,
      type,
      from,
      to,
      occurredAt: new Date(at),
      // Older versions stored no status.
      payload: {
        currency,
        totalMinor: String(total),
        createdAt: new Date(createdAt).toISOString(),
        ...(to === null ? { status } : {}),
      },
    })),
  );
  await insertEvents(database, events);
}

interface Stats {
  readonly count: number;
  readonly byStatus: readonly { readonly status: string; readonly count: number }[];
  readonly money: readonly object[];
  readonly processingTime: {
    readonly averageSeconds: number;
    readonly p50Seconds: number;
    readonly p95Seconds: number;
  } | null;
  readonly series: readonly { readonly from: string; readonly count: number; readonly money: readonly object[] }[];
}

const MONEY = 'money { currency count gross { amount currency } average { amount } }';
const STATS = `query ($from: DateTime, $to: DateTime, $customerId: String, $interval: StatsInterval! = DAY) {
  orderStats(from: $from, to: $to, customerId: $customerId) {
    count byStatus { status count } ${MONEY} processingTime { averageSeconds p50Seconds p95Seconds } asOf
    series(interval: $interval) { from count ${MONEY} }
  }
}`;

interface CountedOrder {
  readonly status: OrderStatus;
  readonly currency: string;
  readonly total: string;
  readonly created_at: Date;
  readonly through_at: Date | null;
}

/** The orders of a period, read by plain SQL. */
async function readCounted(
  database: TestDatabase,
  [from, to, customerId]: readonly (string | null)[],
): Promise<CountedOrder[]> {
  return database.sql<CountedOrder>(
    `SELECT o.status, o.currency, o.total::text, o.created_at, (SELECT min(e.occurred_at) FROM order_events e
       WHERE e.order_id = o.id AND e.to_status IN ('DELIVERED', 'COMPLETED')) AS through_at
     FROM orders o WHERE o.deleted_at IS NULL AND ($1::timestamptz IS NULL OR o.created_at >= $1)
       AND ($2::timestamptz IS NULL OR o.created_at < $2) AND ($3::text IS NULL OR o.customer_id = $3)`,
    [from, to, customerId],
  );
}

function moneyOf(orders: readonly CountedOrder[]): object[] {
  const groups = Map.groupBy(
    orders.filter(({ status }) => status !== 'CANCELLED'),
    ({ currency }) => currency,
  );
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, group]) => {
      const gross = group.reduce((sum, { total }) => sum + BigInt(total), 0n);
      const twice = (2n * gross + BigInt(group.length)) / (2n * BigInt(group.length));
      return {
        currency,
        count: group.length,
        gross: { amount: formatMoney({ minor: gross, currency }), currency },
        average: { amount: formatMoney({ minor: twice, currency }) },
      };
    });
}

function expectStats(stats: Stats, orders: readonly CountedOrder[], interval: number): void {
  expect(stats.count).toBe(orders.length);
  const counts = ORDER_STATUSES.map((status) => ({
    status,
    count: orders.filter((order) => order.status === status).length,
  }));
  expect(stats.byStatus).toEqual(counts);
  expect(stats.money).toEqual(moneyOf(orders));
  const times = orders
    .flatMap(({ created_at: from, through_at: to }) => (to === null ? [] : to.getTime() - from.getTime()))
    .toSorted((a, b) => a - b);
  if (times.length === 0) expect(stats.processingTime).toBeNull();
  else {
    const { averageSeconds = 0, p50Seconds = 0, p95Seconds = 0 } = stats.processingTime ?? {};
    expect(averageSeconds * 1_000).toBeCloseTo(times.reduce((sum, each) => sum + each, 0) / times.length, 3);
    for (const [part, seconds] of [
      [0.5, p50Seconds],
      [0.95, p95Seconds],
    ] as const) {
      const exact = times[Math.ceil(part * times.length) - 1] ?? 0;
      expect(Math.abs(seconds * 1_000 - exact)).toBeLessThanOrEqual(Math.max(1, 0.05 * exact));
    }
  }
  const byStart = Map.groupBy(orders, (order) => Math.floor(order.created_at.getTime() / interval) * interval);
  const points = stats.series.filter(({ count }) => count > 0);
  expect(points).toEqual(
    [...byStart.keys()]
      .toSorted((a, b) => a - b)
      .map((start) => ({
        from: new Date(start).toISOString(),
        count: byStart.get(start)?.length,
        money: moneyOf(byStart.get(start) ?? []),
      })),
  );
  const starts = stats.series.map(({ from }) => Date.parse(from));
  for (const [index, start] of starts.entries()) if (index > 0) expect(start - (starts[index - 1] ?? 0)).toBe(interval);
}

const PROJECTION = orderStatisticsProjection(countEvents);

/**
 * A process that counts at most `limit` events in a turn. Its lease is short, so that another process can continue after a crash.
 */
async function counterOn(database: Database): Promise<(limit: number) => Promise<number>> {
  await registerConsumers(database.prisma, [PROJECTION]);
  const dependencies = { database, eventLog: createEventLog(database), holder: randomUUID(), leaseMs: 20 };
  const closing = new AbortController().signal;
  const options = { minEvents: 1, isClosing: () => true, closing, memory: createConsumerMemory() };
  return async (limit) => (await takeTurn({ ...PROJECTION, batchSize: limit }, dependencies, options)).batches;
}

test('after random histories and crashes of the consumer the statistics match plain SQL', async () => {
  const database = await databaseForTest();
  const proxy = await startPostgresProxy(database.url, 'UPDATE event_consumers');
  onTestFinished(() => proxy.close());
  const random = createRandom(7);
  const log = createEventLog(storeForTest(database));
  const [stable, crashing] = [await counterOn(storeForTest(database)), await counterOn(storeForTest(proxy))];
  let crashes = 0;
  const advance = async (limit: number) => {
    const responses = await Promise.allSettled([crashing(limit), random.chance(0.5) ? stable(limit) : 0]);
    crashes += responses.filter(({ status }) => status === 'rejected').length;
  };
  for (let round = 0; round < 40; round += 1) {
    await write(
      database,
      Array.from({ length: 20 }, () => randomHistory(random)),
    );
    await log.sequence(1 + random.whole(100), null);
    if (random.chance(0.5)) proxy.atCommit(random.pick(['cut-before', 'cut-after'] as const));
    await advance(1 + random.whole(60));
  }
  expect(crashes).toBeGreaterThan(5);
  while ((await log.sequence(2_000, null)) !== 0);
  const server = await serverForTest(database);
  const at = (hours: number) => new Date(START + hours * HOUR).toISOString();
  const expectAll = async () => {
    for (const [from, to, customerId, interval] of [
      [null, null, null, 'DAY'],
      [null, null, null, 'HOUR'],
      [at(0), null, null, 'DAY'],
      [null, at(500), null, 'DAY'],
      [at(5), at(300), null, 'DAY'],
      [at(5), at(20), null, 'HOUR'],
      [at(24), at(72), null, 'HOUR'],
      [at(-1_000), at(-900), null, 'DAY'],
      [null, null, 'ada', 'DAY'],
      [at(30), at(700), 'bob', 'HOUR'],
      [null, null, 'nobody', 'DAY'],
    ] as const) {
      const ofCustomer = customerId === null ? {} : { customerId };
      const { orderStats } = await server.get<{ orderStats: Stats }>(STATS, { from, to, ...ofCustomer, interval });
      expectStats(orderStats, await readCounted(database, [from, to, customerId]), interval === 'DAY' ? DAY : HOUR);
    }
  };
  // A read counts the part of the log that the projection has not counted.
  const uncounted = async () =>
    (
      await database.sql<{ events: number }>(
        `SELECT ((SELECT max(position) FROM order_events) - position)::int AS events
         FROM event_consumers WHERE name = 'order-statistics'`,
      )
    )[0]?.events;
  expect(await uncounted()).toBeGreaterThan(1_000);
  await expectAll();
  await expect.poll(() => stable(1_000)).toBe(1);
  await expectAll();
  await expect.poll(async () => [await stable(2_000), await uncounted()]).toEqual([0, 0]);
  await expectAll();
});

const shared = useDatabase();
const server = useServer(shared);

test('changes are counted within seconds, and deletions are subtracted', async () => {
  const [one, two, three, four] = await Promise.all(
    [1, 2, 3, 4].map(() => createdWholeOrder(server, { shipping: '1' })),
  );
  if (one === undefined || two === undefined || three === undefined || four === undefined)
    throw new Error('not created');
  await updateOrder(server, { id: one.id, expectedVersion: 1, items: [{ name: 'x', unitPrice: '0.01' }] });
  await cancelOrder(server, { id: two.id });
  for (const status of ['SHIPPED', 'DELIVERED', 'COMPLETED'])
    await transitionWholeOrder(server, { id: three.id, status });
  for (const status of ['PROCESSING', 'COMPLETED']) await transitionWholeOrder(server, { id: four.id, status });
  await deleteOrder(server, { id: four.id });
  const all = async () => (await server.get<{ orderStats: Stats }>(STATS)).orderStats;
  await expect.poll(async () => (await all()).count, { timeout: 10_000 }).toBe(3);
  await expect
    .poll(async () => (await all()).money, { timeout: 10_000 })
    .toMatchObject([{ gross: { amount: '14.61' } }]);
  expectStats(await all(), await readCounted(shared, [null, null, null]), DAY);
});

test('asOf is the time of the latest counted change, regardless of the order of the log', async () => {
  const database = await databaseForTest();
  const life = (id: string, createdAt: number): OrderHistory => {
    const event = {
      version: 1,
      type: 'CREATED',
      from: null,
      to: 'PENDING',
      total: 1,
      status: 'PENDING',
      at: createdAt,
    } as const;
    return { id, customerId: 'ada', currency: 'USD', createdAt, events: [event] };
  };
  // Positions are assigned by id, so the later event comes first.
  await write(database, [
    life('ffffffff-ffff-4fff-8fff-ffffffffffff', START),
    life('00000000-0000-4000-8000-000000000000', START + 5_000),
  ]);
  const store = storeForTest(database);
  await createEventLog(store).sequence(10, null);
  await (
    await counterOn(store)
  )(10);
  const server = await serverForTest(database);
  const { orderStats } = await server.get<{ orderStats: { asOf: string } }>('{ orderStats { asOf } }');
  expect(orderStats.asOf).toBe(new Date(START + 5_000).toISOString());
});

/** Stores and sequences orders of a customer created at these times. */
async function writeAt(database: TestDatabase, store: Database, ...times: readonly number[]): Promise<void> {
  const histories = times.map((createdAt): OrderHistory => {
    const created = { version: 1, type: 'CREATED', from: null, to: 'PENDING', status: 'PENDING' } as const;
    const events = [{ ...created, total: 1, at: createdAt }];
    return { id: randomUUID(), customerId: 'ada', currency: 'USD', createdAt, events };
  });
  await write(database, histories);
  while ((await createEventLog(store).sequence(2_000, null)) !== 0);
}

async function ownDatabase(): Promise<{ readonly database: TestDatabase; readonly store: Database }> {
  const database = await databaseForTest();
  return { database, store: storeForTest(database) };
}

test('asOf does not decrease when a later batch counts earlier changes', async () => {
  const { database, store } = await ownDatabase();
  const count = await counterOn(store);
  const asOf = async () => (await readKeptStatistics(store.prisma, ALL_TIME)).asOf;
  await writeAt(database, store, START + 5_000);
  expect(await count(10)).toBe(1);
  expect(await asOf()).toEqual(new Date(START + 5_000));
  await writeAt(database, store, START);
  expect(await count(10)).toBe(1);
  expect(await asOf()).toEqual(new Date(START + 5_000));
});

const ALL_TIME = { period: { from: null, to: null }, customerId: null };

test('more events than one batch are counted without a poll, and the remaining events after a delay', async () => {
  const { database, store } = await ownDatabase();
  await writeAt(database, store, ...Array.from({ length: 4_500 }, (_, index) => START + index));
  const position = async () =>
    (
      await database.sql<{ position: string }>('SELECT position FROM event_consumers WHERE name = $1', [
        PROJECTION.name,
      ])
    )[0]?.position;
  const batches: bigint[] = [];
  const recorded: TransactionalConsumer = {
    ...PROJECTION,
    handle: async (tx, range) => {
      await PROJECTION.handle(tx, range);
      batches.push(range.upTo - range.after);
    },
  };
  const start = async (consumer: TransactionalConsumer) => {
    const log = pino({ level: 'silent' });
    const options = { database: store, eventLog: createEventLog(store), holder: randomUUID(), pollMs: 60_000, log };
    const runner = await startConsumers({ ...options, consumers: [consumer] });
    onTestFinished(() => runner.close());
    runner.eventsLogged(4_500);
  };
  await start(recorded);
  await expect.poll(position, { timeout: 20_000 }).toBe('4000');
  expect(batches).toEqual([2_000n, 2_000n]);
  expect((await readKeptStatistics(store.prisma, ALL_TIME)).rows[0]?.count).toBe(4_500);
  await start({ ...recorded, maxDelayMs: 0 });
  await expect.poll(position, { timeout: 20_000 }).toBe('4500');
  expect(batches).toEqual([2_000n, 2_000n, 500n]);
});

test('an unbounded series ends with the last order and includes empty hours since the last count', async () => {
  const { database, store } = await ownDatabase();
  await writeAt(database, store, START, START + HOUR, START + 2 * HOUR);
  const count = await counterOn(store);
  await count(10);
  const { period } = ALL_TIME;
  const span = () => readStatsSpan(store.prisma, { period, customerId: null });
  expect(await span()).toEqual({ first: new Date(START), last: new Date(START + 2 * HOUR) });
  const ends = await database.sql<{ orderId: string; payload: object }>(
    `SELECT id AS "orderId", payload FROM order_events JOIN orders ON id = order_id WHERE created_at = any($1::timestamptz[])`,
    [[new Date(START), new Date(START + 2 * HOUR)]],
  );
  await insertEvents(
    database,
    ends.map(({ orderId, payload }) => ({
      orderId,
      version: 2,
      type: 'DELETED',
      payload: { ...payload, status: 'PENDING' },
    })),
  );
  await createEventLog(store).sequence(10, null);
  const middle = { first: new Date(START + HOUR), last: new Date(START + HOUR) };
  expect(await span()).toEqual(middle);
  await count(10);
  expect(await span()).toEqual(middle);
});

test('a period includes its start and excludes its end, in sums and series of a customer', async () => {
  const { database, store } = await ownDatabase();
  const [from, to] = [START + 5 * HOUR, START + 7 * HOUR];
  await writeAt(database, store, from - 1, from, to - 1, to);
  const period = { from: new Date(from), to: new Date(to) };
  await (
    await counterOn(store)
  )(10);
  for (const customerId of ['ada', null]) {
    const { rows } = await readKeptStatistics(store.prisma, { period, customerId });
    expect(rows.map(({ count }) => count)).toEqual([2]);
    const span = await readStatsSpan(store.prisma, { period, customerId });
    expect(span).toEqual({ first: new Date(from), last: new Date(to - HOUR) });
    for (const interval of ['HOUR', 'DAY'] as const) {
      const series = await readStatsSeries(store.prisma, { period, customerId, interval });
      expect(series.map(({ count }) => count)).toEqual(interval === 'HOUR' ? [1, 1] : [2]);
    }
  }
});

test('a customer gets only statistics of its own orders, regardless of the customerId argument', async () => {
  const { database, store } = await ownDatabase();
  await writeAt(database, store, START, START + 1);
  const caller = callerOf({ deadline: performance.now() + 20_000 });
  const reader = coalesceReads(
    createReader(store, readConfig({}).reads, pino({ level: 'silent' })),
    readConfig({}).reads,
  )(caller);
  const count = async (viewer: Viewer, customerId: string | null) => {
    const { rows, processing, series } = await readStatistics(
      reader,
      { from: null, to: null, customerId },
      { ...caller, viewer },
    );
    expect(processing).toBeNull();
    expect((await series('DAY')).length).toBe(rows.length);
    return rows.reduce((sum, row) => sum + row.count, 0);
  };
  const customer = (subject: string | null): Viewer => ({ issuer: '', subject, roles: ['customer'] });
  expect(await count(customer('ada'), null)).toBe(2);
  expect(await count(customer('ada'), 'ada')).toBe(2);
  expect(await count(customer('bob'), 'ada')).toBe(0);
  expect(await count(customer('bob'), null)).toBe(0);
  expect(await count(customer(null), 'ada')).toBe(0);
  expect(await count(customer(null), null)).toBe(0);
  expect(await count({ issuer: '', subject: 'bob', roles: ['staff'] }, 'ada')).toBe(2);
});

test('a period must consist of whole hours in order, and the length of a series is limited', async () => {
  const rejection = async (variables: object) => {
    const { errors, status } = await server.request(STATS, variables);
    expect(status).toBe(400);
    return [errors?.[0]?.extensions.code, errors?.[0]?.extensions['argument']];
  };
  expect(await rejection({ from: '2026-01-01T00:30:00Z' })).toEqual(['BAD_USER_INPUT', 'from']);
  expect(await rejection({ from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' })).toEqual([
    'BAD_USER_INPUT',
    'to',
  ]);
  const long = { from: '2020-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z', interval: 'HOUR' };
  expect(await rejection(long)).toEqual(['BAD_USER_INPUT', 'interval']);
});
