import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { EVENT_COLUMNS, EVENT_SOURCE_COLUMNS } from '../../src/store/event-columns.js';
import { ITEM_COLUMNS } from '../../src/store/item-columns.js';
import { ORDER_COLUMNS } from '../../src/store/order-columns.js';
import { countQuery } from '../../src/store/statements/count-orders.js';
import { FINGERPRINT_COLUMN } from '../../src/store/statements/insert-orders.js';
import { pageQuery } from '../../src/store/statements/page-events.js';
import { latestQuery } from '../../src/store/statements/read-log.js';
import { rangeQuery } from '../../src/store/statements/page-orders.js';
import type { OrderFilter, OrderRange } from '../../src/orders/interfaces/order-filter.js';
import { useDatabase } from '../support/fixture.js';
import { describeStatement } from '../support/describe-statement.js';

/* Compares the column tables and the declared result types of the statements with PostgreSQL. */

const database = useDatabase();

const TABLES = {
  orders: { ...ORDER_COLUMNS, ...FINGERPRINT_COLUMN },
  order_items: ITEM_COLUMNS,
  order_events: { ...EVENT_COLUMNS, ...EVENT_SOURCE_COLUMNS },
};

test.each(Object.entries(TABLES))('the columns of %s are those of the database', async (table, columns) => {
  const definitions = Object.values(columns).map(
    ({ name, type, nullable }) => `${name} ${type} ${nullable ? '' : 'NOT NULL'}`,
  );
  await database.sql(`CREATE TEMPORARY TABLE declared_${table} (${definitions.join(', ')})`);
  expect(await columnsOf(`declared_${table}`)).toEqual(await columnsOf(table));
});

async function columnsOf(table: string): Promise<object[]> {
  return database.sql(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, NOT attnotnull AS nullable
     FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname COLLATE "C"`,
    [table],
  );
}

interface Statement {
  readonly sql: string;
  readonly columns: Readonly<Record<string, string>> | null;
}

const FOLDER = path.resolve('src/store/statements');

/** The exported statements of the modules, by name. */
async function exportedStatements(): Promise<ReadonlyMap<string, Statement>> {
  const statements = new Map<string, Statement>();
  for (const file of await readdir(FOLDER)) {
    const module = (await import(path.join(FOLDER, file))) as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries(module)) if (isStatement(value)) statements.set(name, value);
  }
  return statements;
}

function isStatement(value: unknown): value is Statement {
  return typeof value === 'object' && value !== null && 'sql' in value && 'columns' in value;
}

const NO_FILTER: OrderFilter = {
  customerId: null,
  isGuest: null,
  statuses: null,
  customerEmail: null,
  externalReference: null,
  number: null,
  createdAt: null,
  updatedAt: null,
  total: null,
  currency: null,
};

const NO_RANGE: OrderRange = {
  filter: NO_FILTER,
  field: 'CREATED_AT',
  direction: 'DESC',
  after: null,
  before: null,
  inclusive: false,
  hasDetails: true,
  limit: 20,
};

const ORDER = '00000000-0000-7000-8000-000000000001';
const time = new Date('2026-01-01T00:00:00Z');
const FILTERS: readonly Partial<OrderFilter>[] = [
  {},
  { customerId: 'c', createdAt: { gte: time, lt: time }, currency: 'USD', total: { gte: '1', lte: '2' } },
  { statuses: ['PENDING', 'SHIPPED'], isGuest: true, updatedAt: { gte: time, lt: null } },
  { customerEmail: { prefix: 'a' }, number: { values: ['1'] } },
  { number: { prefix: '1' }, externalReference: { prefix: 'long' }, statuses: ['PENDING'], customerId: 'c' },
];

/** One statement of each form whose text depends on its arguments. */
function builtStatements(): ReadonlyMap<string, Statement> {
  const statements = new Map<string, Statement>();
  for (const [index, filter] of FILTERS.entries()) {
    const range = { ...NO_RANGE, filter: { ...NO_FILTER, ...filter } };
    const customers = range.filter.customerId === null ? [] : ['c'];
    for (const field of ['CREATED_AT', 'UPDATED_AT', 'TOTAL'] as const) {
      const after = { key: field === 'TOTAL' ? '1' : time.toISOString(), id: ORDER };
      statements.set(`page ${index} by ${field}`, rangeQuery([{ ...range, field }]).statement);
      statements.set(`page ${index} by ${field} after`, rangeQuery([{ ...range, field, after }]).statement);
      const small = { ...range, field, hasDetails: false };
      statements.set(`small page ${index} by ${field}`, rangeQuery([small]).statement);
    }
    const counted = customers.length === 0 ? null : customers;
    for (const limit of [null, 10]) {
      statements.set(`count ${index} up to ${limit}`, countQuery({ filter: range.filter, limit }, counted).statement);
    }
  }
  for (const orderId of [null, ORDER]) {
    for (const customerId of [null, 'c']) {
      for (const kinds of [null, ['PENDING'] as const]) {
        const filter = { orderId, customerId, kinds };
        statements.set(`events of ${JSON.stringify(filter)}`, pageQuery(filter));
        statements.set(`latest events of ${JSON.stringify(filter)}`, latestQuery(filter));
      }
    }
  }
  return statements;
}

test('every statement is valid and returns the declared columns and types', async () => {
  const statements = new Map([...(await exportedStatements()), ...builtStatements()]);
  expect(statements.size).toBeGreaterThan(60);
  const client = await database.connect();
  for (const [name, { sql, columns }] of statements) {
    const described = await describeStatement(client, sql).catch((cause: unknown) => String(cause));
    const declared = await database.sql<{ name: string; typeId: number }>(
      'SELECT key AS name, to_regtype(value)::oid AS "typeId" FROM json_each_text($1::json)',
      [JSON.stringify(columns ?? {})],
    );
    const byName = (left: { name: string }, right: { name: string }) => (left.name < right.name ? -1 : 1);
    expect
      .soft(Array.isArray(described) ? described.toSorted(byName) : described, name)
      .toEqual(declared.toSorted(byName));
  }
});

test('the comparison includes every statement of the store', async () => {
  const exported = [...(await exportedStatements()).keys()];
  const declared: string[] = [];
  for (const file of await readdir(FOLDER)) {
    const source = await readFile(path.join(FOLDER, file), 'utf8');
    expect(source, `${file} runs statements by readRows and execute`).not.toMatch(/RawUnsafe/);
    declared.push(...source.matchAll(/const ([A-Z_]+) = (?:query[<(]|command\()/g).map(([, name = '']) => name));
  }
  expect(exported).toEqual(expect.arrayContaining(declared));
  expect(declared.length).toBeGreaterThan(15);
});
