import { randomUUID } from 'node:crypto';
import { Client, escapeLiteral } from 'pg';
import path from 'node:path';
import { pino } from 'pino';
import { beforeAll, afterAll, expect, test } from 'vitest';
import type { OrderRange, OrderSortField, SortDirection } from '../../src/orders/interfaces/order-filter.js';
import { toOrderFilter } from '../../src/graphql/order-filter.js';
import type * as types from '../../src/graphql/types/where.js';
import type { Queryable } from '../../src/database/database.js';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { migrate } from '../../src/database/migrate.js';
import { findOrdersOfCustomer } from '../../src/store/statements/find-orders-of-customer.js';
import { readKeyedCommands } from '../../src/store/statements/read-commands.js';
import { readRanges } from '../../src/store/statements/page-orders.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { insertEvents, insertOrders } from '../support/rows.js';

/*
 * Checks that the queries that docs/finding-orders.md lists as indexed use an index on 200,000 orders: for values of
 * many, few and only old orders, with custom and generic plans.
 */

const ORDERS = 200_000;
const PAGE = 20;
const MOST_BUFFERS = 50 * PAGE;

/** A plain object instead of a class instance. */
type OrderWhere = Partial<types.OrderWhere>;

let client: Client;
let close: () => Promise<void>;

/**
 * The first 2 % are old: their statuses, customers and currencies differ from all later ones. "Few" is one in 10,000.
 */
function rowOf(n: number) {
  const createdAt = new Date(Date.UTC(2025, 0, 1) + n * 120_000);
  const [kind, status, currency] = kindOf(n);
  return {
    id: randomUUID(),
    customerId: `${kind}-customer`,
    email: `${kind.toUpperCase()}@example.com`,
    reference: `${kind}-reference`,
    status,
    currency,
    total: (n * 7919) % 100_003,
    createdAt,
    updatedAt: new Date(createdAt.getTime() + Math.random() * 86_400_000),
  };
}

function kindOf(n: number): readonly [kind: string, status: string, currency: string] {
  if (n <= 4_000) return ['old', 'COMPLETED', 'JPY'];
  if (n % 10_000 === 0) return ['few', 'CANCELLED', 'KWD'];
  if (n % 3 === 0) return [`other${n % 5_000}`, 'SHIPPED', 'USD'];
  return ['many', 'PENDING', 'USD'];
}

beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'ordergraph-plans-'));
  const log = pino({ level: 'silent' });
  const embedded = await startEmbeddedPostgres({ dataDir: path.join(folder, 'data'), log, settings: ['fsync=off'] });
  await migrate(embedded.url);
  client = new Client({ connectionString: embedded.url });
  await client.connect();
  await insertOrders(
    client,
    Array.from({ length: ORDERS }, (_, index) => rowOf(index + 1)),
  );
  await client.query('VACUUM ANALYZE orders');
  close = async () => {
    await client.end();
    await embedded.close();
    await rm(folder, { recursive: true, force: true });
  };
}, 300_000);

afterAll(() => close());

interface Explained {
  readonly 'QUERY PLAN': readonly [{ readonly Plan: Readonly<Record<string, number>> }];
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return escapeLiteral(`{${value.map((each) => JSON.stringify(String(each))).join(',')}}`);
  if (value instanceof Date) return escapeLiteral(value.toISOString());
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : escapeLiteral(String(value));
}

let prepared = 0;

/** The numbers of buffers that the statement of ranges reads, with a custom and with a generic plan. */
function buffersOf(...ranges: OrderRange[]): Promise<Read> {
  return buffersOfStatement((recorder) => readRanges(recorder, ranges));
}

interface Read {
  readonly most: number;
  readonly rows: number;
}

async function buffersOfStatement(read: (recorder: Queryable) => Promise<unknown>): Promise<Read> {
  let statement = { sql: '', values: [] as readonly unknown[] };
  const recorder = {
    $queryRawUnsafe: (sql: string, ...values: unknown[]) => {
      statement = { sql, values };
      return Promise.resolve([]);
    },
  } as unknown as Queryable;
  await read(recorder);
  prepared += 1;
  await client.query(`PREPARE q${prepared} AS ${statement.sql}`);
  const seen: number[] = [];
  let rows = 0;
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    await client.query(`SET plan_cache_mode = ${mode}`);
    const parameters = statement.values.map(literal).join(', ');
    const execute = `EXECUTE q${prepared}${parameters === '' ? '' : `(${parameters})`}`;
    const { rows: explained } = await client.query<Explained>(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${execute}`);
    const plan = explained[0]?.['QUERY PLAN'][0].Plan ?? {};
    seen.push((plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0));
    rows = plan['Actual Rows'] ?? 0;
  }
  return { most: Math.max(...seen), rows };
}

function rangeOf(where: OrderWhere, field: OrderSortField, direction: SortDirection, size = PAGE): OrderRange {
  const filter = toOrderFilter(where);
  return { filter, field, direction, after: null, before: null, inclusive: false, limit: size + 1, hasDetails: true };
}

const KINDS = ['many', 'few', 'old'] as const;
const STATUS = { many: 'PENDING', few: 'CANCELLED', old: 'COMPLETED' } as const;
const CURRENCY = { many: 'USD', few: 'KWD', old: 'JPY' } as const;
const LONG_AGO = { gte: new Date('2025-01-02T00:00:00Z'), lt: new Date('2025-01-05T00:00:00Z') };

type Kind = (typeof KINDS)[number];

/** The table of docs/finding-orders.md: conditions by sort order. */
const DOCUMENTED: Readonly<Record<OrderSortField, readonly ((kind: Kind) => OrderWhere)[]>> = {
  CREATED_AT: [
    () => ({}),
    (kind) => ({ status: { eq: STATUS[kind] } }),
    (kind) => ({ status: { in: [STATUS[kind], 'DELIVERED'] } }),
    (kind) => ({ status: { notIn: [STATUS[kind]] } }),
    (kind) => ({ customerId: `${kind}-customer` }),
    (kind) => ({ customerId: `${kind}-customer`, status: { eq: STATUS[kind] } }),
    (kind) => ({ customerId: `${kind}-customer`, status: { eq: 'DELIVERED' } }),
    (kind) => ({ customerEmail: { eq: `${kind}@EXAMPLE.com` } }),
    (kind) => ({ customerEmail: { in: [`${kind}@example.com`, 'nobody@example.com'] } }),
    (kind) => ({ externalReference: { eq: `${kind}-reference` } }),
    () => ({ number: { in: ['1001', '55555', '200999'] } }),
    () => ({ createdAt: LONG_AGO }),
    (kind) => ({ createdAt: LONG_AGO, status: { eq: STATUS[kind] } }),
    (kind) => ({ createdAt: LONG_AGO, customerId: `${kind}-customer` }),
  ],
  UPDATED_AT: [
    () => ({}),
    (kind) => ({ status: { eq: STATUS[kind] } }),
    (kind) => ({ status: { notIn: [STATUS[kind]] } }),
    () => ({ updatedAt: LONG_AGO }),
    (kind) => ({ updatedAt: LONG_AGO, status: { eq: STATUS[kind] } }),
  ],
  TOTAL: [
    (kind) => ({ currency: CURRENCY[kind] }),
    (kind) => ({ currency: CURRENCY[kind], status: { eq: STATUS[kind] } }),
    (kind) => ({ currency: CURRENCY[kind], status: { eq: 'DELIVERED' } }),
    (kind) => ({ currency: CURRENCY[kind], total: { gte: '100', lte: '101' } }),
  ],
};

test('every documented query reads at most 50 buffers for each order of its page, for all values', async () => {
  const failures: string[] = [];
  let found = 0;
  for (const [field, conditions] of Object.entries(DOCUMENTED) as [OrderSortField, (typeof DOCUMENTED)['TOTAL']][]) {
    for (const condition of conditions) {
      for (const kind of KINDS) {
        for (const direction of ['ASC', 'DESC'] as const) {
          const where = condition(kind);
          const { most, rows } = await buffersOf(rangeOf(where, field, direction));
          found += rows;
          if (most > MOST_BUFFERS) failures.push(`${most} buffers: ${field} ${direction} ${JSON.stringify(where)}`);
        }
      }
    }
  }
  expect(failures).toEqual([]);
  expect(found).toBeGreaterThan(1_000);
});

const SIZES = [1, 5, 10, 20, 50, 100];
const FIELDS = ['CREATED_AT', 'UPDATED_AT', 'TOTAL'] as const;
const DIRECTIONS = ['ASC', 'DESC'] as const;

/** Prefixes of at most 200 orders, or of none. */
const FEW_BEGIN_LIKE: readonly OrderWhere[] = [
  { customerEmail: { startsWith: 'few@' } },
  { customerEmail: { startsWith: 'other123' } },
  { customerEmail: { startsWith: 'zz' } },
  { externalReference: { startsWith: 'few-' } },
  { externalReference: { startsWith: 'other99' } },
  { number: { startsWith: '20099' } },
  { number: { startsWith: '9999999' } },
];

const BESIDE_A_PREFIX: readonly OrderWhere[] = [
  {},
  { status: { in: ['CANCELLED', 'PENDING'] } },
  { customerId: 'many-customer' },
];

test('a prefix of few orders reads few pages, for all limits, sort orders and other conditions', async () => {
  const failures: string[] = [];
  for (const prefix of FEW_BEGIN_LIKE) {
    for (const more of BESIDE_A_PREFIX) {
      for (const field of FIELDS) {
        for (const direction of DIRECTIONS) {
          for (const size of SIZES) {
            const where = { ...prefix, ...more };
            const { most } = await buffersOf(rangeOf(where, field, direction, size));
            if (most > 300) failures.push(`${most} buffers: ${size} by ${field} ${direction} ${JSON.stringify(where)}`);
          }
        }
      }
    }
  }
  expect(failures).toEqual([]);
});

test('a prefix of more orders than the sort limit returns the matching orders in order', async () => {
  const db = {
    $queryRawUnsafe: async (sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows,
  } as unknown as Queryable;
  for (const [where, filter] of [
    [{ customerEmail: { startsWith: 'many' } }, "lower(customer_email) LIKE 'many%'"],
    [{ customerEmail: { startsWith: 'o' } }, "lower(customer_email) LIKE 'o%'"],
    [{ externalReference: { startsWith: 'many' } }, "external_reference LIKE 'many%'"],
    [{ number: { startsWith: '1' } }, "number::text LIKE '1%'"],
    [
      { customerEmail: { startsWith: 'o' }, status: { in: ['SHIPPED', 'PENDING'] } },
      "lower(customer_email) LIKE 'o%' AND status IN ('SHIPPED', 'PENDING')",
    ],
    [
      { customerEmail: { startsWith: 'm' }, customerId: 'many-customer' },
      "lower(customer_email) LIKE 'm%' AND customer_id = 'many-customer'",
    ],
  ] as const satisfies readonly (readonly [OrderWhere, string])[]) {
    for (const direction of DIRECTIONS) {
      const range = rangeOf(where, 'CREATED_AT', direction);
      const { rows } = await client.query<{ id: string }>(
        `SELECT id FROM orders WHERE ${filter} ORDER BY created_at ${direction}, id ${direction} LIMIT ${PAGE + 1}`,
      );
      const [found = []] = await readRanges(db, [range]);
      expect(found.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
      expect(found).toHaveLength(PAGE + 1);
    }
  }
});

test('the lookup of an idempotency key reads few pages, regardless of the length of the history', async () => {
  const { rows } = await client.query<{ id: string }>('SELECT id FROM orders ORDER BY number LIMIT 1');
  const orderId = rows[0]?.id ?? '';
  const keyOf = (version: number) => {
    const key = Buffer.alloc(4);
    key.writeInt32BE(version);
    return key;
  };
  const history = Array.from({ length: 10_000 }, (_, index) => {
    const version = index + 1;
    const event = version === 1 ? { type: 'CREATED', to: 'PENDING' } : { type: 'UPDATED' };
    return { orderId, version, ...event, ...(version % 10 === 0 ? { commandKey: keyOf(version) } : {}) };
  });
  await insertEvents(client, history);
  for (const analyzed of [false, true]) {
    if (analyzed) await client.query('VACUUM ANALYZE order_events');
    for (const [version, found] of [
      [5_000, 1],
      [5_001, 0],
    ] as const) {
      const keys = [{ orderId, key: keyOf(version) }];
      const read = await buffersOfStatement((recorder) => readKeyedCommands(recorder, keys));
      expect(read.rows).toBe(found);
      expect(read.most).toBeLessThan(20);
    }
  }
});

test('page 5,000 reads as many buffers as page 1', async () => {
  const column = { CREATED_AT: 'created_at', UPDATED_AT: 'updated_at', TOTAL: 'total' } as const;
  for (const [field, where] of [
    ['CREATED_AT', {}],
    ['CREATED_AT', { status: { eq: 'PENDING' } }],
    ['CREATED_AT', { customerId: 'many-customer' }],
    ['UPDATED_AT', {}],
    ['TOTAL', { currency: 'USD' }],
  ] as const satisfies readonly (readonly [OrderSortField, OrderWhere])[]) {
    const first = rangeOf(where, field, 'ASC');
    const filter =
      'status' in where
        ? "status = 'PENDING'"
        : 'customerId' in where
          ? "customer_id = 'many-customer'"
          : `currency = 'USD' OR ${field !== 'TOTAL'}`;
    const { rows } = await client.query<{ key: unknown; id: string }>(
      `SELECT ${column[field]} AS key, id FROM orders WHERE ${filter} ORDER BY ${column[field]}, id OFFSET ${4_999 * PAGE - 1} LIMIT 1`,
    );
    const { key, id = '' } = rows[0] ?? {};
    const after = { key: key instanceof Date ? key.toISOString() : String(key), id };
    const [firstPage, laterPage] = [await buffersOf(first), await buffersOf({ ...first, after })];
    expect(laterPage.rows).toBe(PAGE + 1);
    expect(laterPage.most).toBeLessThanOrEqual(2 * firstPage.most + 20);
  }
});

test('the orders of a customer to erase are found by indexes', async () => {
  for (const kind of KINDS) {
    const read = (recorder: Queryable) =>
      findOrdersOfCustomer(recorder, { customerId: `${kind}-customer`, limit: PAGE });
    const { most, rows } = await buffersOfStatement(read);
    expect(rows).toBe(PAGE);
    expect({ kind, isFast: most <= MOST_BUFFERS }).toEqual({ kind, isFast: true });
  }
});

test('pages behind ten cursors, read by one statement, cost at most ten times a page, whatever the values', async () => {
  const failures: string[] = [];
  for (const [field, conditions] of Object.entries(DOCUMENTED) as [OrderSortField, (typeof DOCUMENTED)['TOTAL']][]) {
    for (const condition of conditions) {
      for (const kind of KINDS) {
        for (const direction of DIRECTIONS) {
          const where = condition(kind);
          if (where.externalReference?.eq === 'many-reference') continue; // documented as fast only where few share it
          const range = rangeOf(where, field, direction);
          const pages = Array.from({ length: 10 }, (_, index) => ({ ...range, after: cursorAt(field, index) }));
          const { most } = await buffersOf(...pages);
          if (most <= pages.length * MOST_BUFFERS) continue;
          failures.push(`${most} buffers: ${field} ${direction} ${JSON.stringify(where)}`);
        }
      }
    }
  }
  expect(failures).toEqual([]);
});

/** A place among all orders, in tenths. */
function cursorAt(field: OrderSortField, tenth: number) {
  const { total, createdAt } = rowOf(1 + (tenth * ORDERS) / 10);
  return { key: field === 'TOTAL' ? String(total) : createdAt.toISOString(), id: randomUUID() };
}
