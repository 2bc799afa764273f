import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { ORDER_STATUSES } from '../../src/domain/lifecycle.js';
import { formatMoney } from '../../src/domain/money.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { insertOrders, type OrderRow } from '../support/rows.js';

const database = useDatabase();
const server = useServer(database);

const START = Date.UTC(2026, 0, 1);
const CUSTOMERS = ['ada', 'bob', 'eve', null];
const EMAILS = ['Ada@Example.com', 'ada@example.com', 'ad@example.org', null];
const REFERENCES = ['PO-1', 'PO-2', 'po-1', 'Ünïcode-\u{10ffff}', null];
const CURRENCIES = ['USD', 'JPY'];

/** Few values each, so that ties and empty results both occur. */
const rows: OrderRow[] = Array.from({ length: 300 }, (_, index) => ({
  id: randomUUID(),
  number: 1 + index * 7,
  customerId: pick(CUSTOMERS, index, 1),
  email: pick(EMAILS, index, 5),
  reference: pick(REFERENCES, index, 3),
  status: pick(ORDER_STATUSES, index, 2),
  currency: pick(CURRENCIES, index, 11),
  total: (index * 37) % 8,
  createdAt: new Date(START + ((index * 31) % 20) * 1_000),
  updatedAt: new Date(START + 60_000 + ((index * 17) % 15) * 1_000),
}));

function pick<T>(values: readonly T[], index: number, salt: number): T {
  return values[(index * (2 * salt + 1) + (index >> 3)) % values.length] as T;
}

/** Copies of every third order as deleted orders. No list or count may include them. */
const deleted = rows
  .filter((_, index) => index % 3 === 0)
  .map((row) => ({ ...row, id: randomUUID(), number: row.number + 1, deletedAt: row.updatedAt }));

beforeAll(() => insertOrders(database, [...rows, ...deleted]));

const SORT_KEYS = {
  CREATED_AT: (row: OrderRow) => row.createdAt.getTime(),
  UPDATED_AT: (row: OrderRow) => row.updatedAt.getTime(),
  TOTAL: (row: OrderRow) => row.total,
};

type SortField = keyof typeof SORT_KEYS;

/** The ids of the rows that match `where`, in the expected order. */
function expected(all: readonly OrderRow[], where: Where, field: SortField, direction: string): string[] {
  const key = SORT_KEYS[field];
  const sorted = all
    .filter((row) => matches(row, where))
    .toSorted((a, b) => key(a) - key(b) || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
  return direction === 'ASC' ? sorted : sorted.toReversed();
}

interface Text {
  readonly eq?: string | null;
  readonly in?: readonly string[] | null;
  readonly startsWith?: string | null;
}

interface Where {
  readonly status?: { readonly in: readonly string[] };
  readonly customerId?: string;
  readonly customerEmail?: Text;
  readonly externalReference?: Text;
  readonly number?: Text;
  readonly createdAt?: { readonly gte?: string; readonly lt?: string };
  readonly updatedAt?: { readonly gte?: string; readonly lt?: string };
  readonly total?: { readonly gte?: string; readonly lte?: string };
  readonly currency?: string;
}

function matches(row: OrderRow, where: Where): boolean {
  const text = (value: string | null, filter: Text = {}) =>
    Object.keys(filter).length === 0 ||
    (value !== null &&
      (filter.eq === undefined || value === filter.eq) &&
      (filter.in?.includes(value) ?? true) &&
      value.startsWith(filter.startsWith ?? ''));
  const lower = ({ eq, in: among, startsWith }: Text = {}): Text => ({
    ...(eq === undefined ? {} : { eq: eq?.toLowerCase() ?? null }),
    ...(among === undefined ? {} : { in: among?.map((each) => each.toLowerCase()) ?? null }),
    ...(startsWith === undefined ? {} : { startsWith: startsWith?.toLowerCase() ?? null }),
  });
  const time = (value: Date, { gte = '', lt = '9' }: { gte?: string; lt?: string } = {}) =>
    value.toISOString() >= gte && value.toISOString() < lt;
  const amount = Number(formatMoney({ minor: BigInt(row.total), currency: row.currency }));
  return (
    (where.status?.in.includes(row.status) ?? true) &&
    (where.customerId ?? row.customerId) === row.customerId &&
    text(row.email?.toLowerCase() ?? null, lower(where.customerEmail)) &&
    text(row.reference, where.externalReference) &&
    text(String(row.number), where.number) &&
    time(row.createdAt, where.createdAt) &&
    time(row.updatedAt, where.updatedAt) &&
    amount >= Number(where.total?.gte ?? 0) &&
    amount <= Number(where.total?.lte ?? Infinity) &&
    (where.currency ?? row.currency) === row.currency
  );
}

const LIST = `query ($first: Int, $after: String, $last: Int, $before: String, $where: OrderWhere, $orderBy: OrderSort) {
  orders(first: $first, after: $after, last: $last, before: $before, where: $where, orderBy: $orderBy) {
    nodes { id } totalCount count { value precision } some: count(limit: 5) { value precision }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

interface Listed {
  readonly orders: {
    readonly nodes: readonly { readonly id: string }[];
    readonly totalCount: number;
    readonly count: { readonly value: number; readonly precision: string };
    readonly some: { readonly value: number; readonly precision: string };
    readonly pageInfo: {
      readonly hasNextPage: boolean;
      readonly hasPreviousPage: boolean;
      readonly startCursor: string | null;
      readonly endCursor: string | null;
    };
  };
}

const list = async (variables: object) => (await server.get<Listed>(LIST, variables)).orders;

const text = (...values: readonly string[]) =>
  fc.oneof(
    fc.record({ eq: fc.constantFrom(...values) }),
    fc.record({ in: fc.subarray([...values]) }),
    fc.record({ startsWith: fc.constantFrom(...values).map((value) => value.slice(0, 3)) }),
    fc.record({
      in: fc.subarray([...values]),
      startsWith: fc.constantFrom(...values).map((value) => value.slice(0, 3)),
    }),
  );
const moment = (base: number) =>
  fc.integer({ min: -1, max: 20 }).map((second) => new Date(base + second * 1_000).toISOString());
const times = (base: number) =>
  fc.oneof(
    fc.record({ gte: moment(base) }),
    fc.record({ lt: moment(base) }),
    fc.record({ gte: moment(base), lt: moment(base) }),
  );
const amount = fc.constantFrom('0', '1', '3', '5');
/** At most two conditions, because most combinations of more match no order. */
const conditions: fc.Arbitrary<Where> = combined({
  status: fc.record({ in: fc.subarray([...ORDER_STATUSES], { minLength: 1 }) }),
  customerId: fc.constantFrom('ada', 'bob', 'nobody'),
  customerEmail: text('ada@example.com', 'ADA@example.COM', 'ad@example.org', 'x@example.org'),
  externalReference: text('PO-1', 'PO-2', 'po-1', 'Ünïcode-\u{10ffff}', '\u{10ffff}'),
  number: text('1', '8', '15', '2059', '70', '0', 'x'),
  createdAt: times(START),
  updatedAt: times(START + 60_000),
  total: fc.oneof(fc.record({ gte: amount }), fc.record({ lte: amount }), fc.record({ gte: amount, lte: amount })),
  currency: fc.constantFrom('USD', 'JPY', 'EUR'),
});

function combined(each: {
  readonly [Name in keyof Where]-?: fc.Arbitrary<NonNullable<Where[Name]>>;
}): fc.Arbitrary<Where> {
  return fc
    .uniqueArray(fc.constantFrom(...(Object.keys(each) as (keyof Where)[])), { maxLength: 2 })
    .chain((names) => fc.record<Where>(Object.fromEntries(names.map((name) => [name, each[name]])) as never));
}

const orderings = fc.record({
  field: fc.constantFrom<SortField>('CREATED_AT', 'UPDATED_AT', 'TOTAL'),
  direction: fc.constantFrom('ASC', 'DESC'),
});

/** Filters by amount and sorting by amount require a currency. */
function allowed(where: Where, field: SortField): Where {
  const needsCurrency = where.total !== undefined || field === 'TOTAL';
  return needsCurrency && where.currency === undefined ? { ...where, currency: 'JPY' } : where;
}

/** The cursor of an order under a sort order. It is valid with any condition. */
async function cursorOf(row: OrderRow, orderBy: object): Promise<string | null> {
  const where = { number: { eq: String(row.number) }, currency: row.currency };
  return (await list({ first: 1, where, orderBy })).pageInfo.endCursor;
}

const RUNS = 150;

test('every condition with every sort order returns exactly the matching orders, in pages from both ends and with exact counts', async () => {
  let found = 0;
  await fc.assert(
    fc.asyncProperty(conditions, orderings, fc.integer({ min: 1, max: 7 }), async (some, orderBy, size) => {
      const where = allowed(some, orderBy.field);
      const ids = expected(rows, where, orderBy.field, orderBy.direction);
      if (ids.length > 0) found += 1;
      const front = await list({ first: size, where, orderBy });
      expect(front.nodes.map(({ id }) => id)).toEqual(ids.slice(0, size));
      expect(front).toMatchObject({
        totalCount: ids.length,
        count: { value: ids.length, precision: 'EXACT' },
        some: ids.length > 5 ? { value: 5, precision: 'AT_LEAST' } : { value: ids.length, precision: 'EXACT' },
        pageInfo: { hasNextPage: ids.length > size, hasPreviousPage: false },
      });
      const next = await list({ first: size, after: front.pageInfo.endCursor, where, orderBy });
      if (ids.length > 0) expect(next.nodes.map(({ id }) => id)).toEqual(ids.slice(size, 2 * size));
      const back = await list({ last: size, where, orderBy });
      expect(back.nodes.map(({ id }) => id)).toEqual(ids.slice(-size));
      const previous = await list({ last: size, before: back.pageInfo.startCursor, where, orderBy });
      if (ids.length > 0) expect(previous.nodes.map(({ id }) => id)).toEqual(ids.slice(-2 * size, -size));
    }),
    { numRuns: RUNS },
  );
  expect(found).toBeGreaterThan(RUNS / 2); // otherwise it compares empty lists
});

test('the narrower of a cursor and a time bound applies, on both sides and in both directions', async () => {
  const bounds = [2, 10, 17].map((second) => second * 1_000);
  let cut = 0;
  for (const [field, name, base] of [
    ['CREATED_AT', 'createdAt', START],
    ['UPDATED_AT', 'updatedAt', START + 60_000],
  ] as const) {
    for (const direction of ['ASC', 'DESC']) {
      const orderBy = { field, direction };
      const all = expected(rows, {}, field, direction);
      for (const index of [40, 150, 260]) {
        const row = rows.find(({ id }) => id === all[index]);
        if (row === undefined) throw new Error('no such row');
        const cursor = await cursorOf(row, orderBy);
        for (const bound of bounds) {
          for (const side of ['gte', 'lt']) {
            const where = { [name]: { [side]: new Date(base + bound).toISOString() } };
            const within = new Set(expected(rows, where, field, direction));
            const behind = all.slice(index + 1).filter((id) => within.has(id));
            const ahead = all.slice(0, index).filter((id) => within.has(id));
            const [forwards, backwards] = await Promise.all([
              list({ first: 50, after: cursor, where, orderBy }),
              list({ last: 50, before: cursor, where, orderBy }),
            ]);
            expect(forwards.nodes.map(({ id }) => id)).toEqual(behind.slice(0, 50));
            expect(backwards.nodes.map(({ id }) => id)).toEqual(ahead.slice(-50));
            if (behind.length > 0 && ahead.length > 0) cut += 1;
          }
        }
      }
    }
  }
  expect(cut).toBeGreaterThan(20);
});

test('gte and lte include their bound; lt excludes it', async () => {
  const count = async (where: Where) => (await list({ first: 0, where })).totalCount;
  const at = new Date(START + 5_000).toISOString();
  const plain = (holds: (row: OrderRow) => boolean) => rows.filter(holds).length;
  for (const [name, value] of [
    ['createdAt', at],
    ['updatedAt', new Date(START + 65_000).toISOString()],
  ] as const) {
    expect(plain((row) => row[name].toISOString() === value)).toBeGreaterThan(0);
    expect(await count({ [name]: { gte: value } })).toBe(plain((row) => row[name].toISOString() >= value));
    expect(await count({ [name]: { lt: value } })).toBe(plain((row) => row[name].toISOString() < value));
  }
  const [currency, amount] = ['JPY', 3];
  expect(plain((row) => row.currency === currency && row.total === amount)).toBeGreaterThan(0);
  expect(await count({ currency, total: { gte: String(amount) } })).toBe(
    plain((row) => row.currency === currency && row.total >= amount),
  );
  expect(await count({ currency, total: { lte: String(amount) } })).toBe(
    plain((row) => row.currency === currency && row.total <= amount),
  );
});

test('a bounded count is exact up to and including its limit', async () => {
  const where = { customerId: 'ada' };
  const { length } = rows.filter(({ customerId }) => customerId === 'ada');
  const query =
    'query ($where: OrderWhere, $limit: Int!) { orders(where: $where) { count(limit: $limit) { value precision } } }';
  const count = async (limit: number) => (await server.get<Listed>(query, { where, limit })).orders.count;
  expect(await count(length - 1)).toEqual({ value: length - 1, precision: 'AT_LEAST' });
  expect(await count(length)).toEqual({ value: length, precision: 'EXACT' });
  expect(await count(length + 1)).toEqual({ value: length, precision: 'EXACT' });
});

test('deleted orders are excluded from lists, counts and statistics of a customer', async () => {
  const ids = new Set<string>(deleted.map(({ id }) => id));
  expect(ids.size).toBeGreaterThan(50);
  const everywhere = async (where: Where) => {
    const { nodes, totalCount, count } = await list({ first: 100, where });
    const { length } = rows.filter((row) => matches(row, where));
    expect(nodes.filter(({ id }) => ids.has(id))).toEqual([]);
    expect([nodes.length, totalCount, count.value]).toEqual([Math.min(100, length), length, length]);
  };
  await everywhere({});
  await everywhere({ customerId: 'ada' });
  await everywhere({ status: { in: ['SHIPPED'] } });
  await everywhere({ number: { in: deleted.slice(0, 50).map(({ number }) => String(number)) } });
  await everywhere({ customerEmail: { startsWith: 'ad' } });
  const { orderStats } = await server.get<{ orderStats: { count: number } }>(
    '{ orderStats(customerId: "ada") { count series(interval: HOUR) { count } } }',
  );
  const { length } = rows.filter(({ customerId }) => customerId === 'ada');
  expect(orderStats).toEqual({ count: length, series: [{ count: length }] });
});

test('pages under every sort order contain each existing order exactly once while orders are inserted', async () => {
  for (const field of ['CREATED_AT', 'UPDATED_AT', 'TOTAL'] as const) {
    for (const direction of ['ASC', 'DESC']) {
      const currency = 'GBP';
      const where = { currency };
      const fresh = () =>
        rows.slice(0, 20).map((row, index) => ({ ...row, id: randomUUID(), number: 10_000 + index, currency }));
      const before = await list({ first: 1, where });
      if (before.totalCount === 0) await insertOrders(database, [...fresh(), ...fresh()]);
      const listed = new Set<string>();
      for (let after: string | null = null; ;) {
        const page = await list({ first: 50, after, where, orderBy: { field, direction } });
        for (const { id } of page.nodes) listed.add(id);
        if (!page.pageInfo.hasNextPage) break;
        after = page.pageInfo.endCursor;
      }
      const seen: string[] = [];
      for (let after: string | null = null, pages = 0; ; pages += 1) {
        const page = await list({ first: 7, after, where, orderBy: { field, direction } });
        seen.push(...page.nodes.map(({ id }) => id));
        if (!page.pageInfo.hasNextPage) break;
        after = page.pageInfo.endCursor;
        if (pages < 3) await insertOrders(database, fresh());
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect([...listed].filter((id) => !seen.includes(id))).toEqual([]);
    }
  }
});

test('the orders of a customer support the same conditions; a condition on another customer matches none', async () => {
  const query = `query ($where: OrderWhere) { customer(customerId: "ada") {
    orders(first: 100, where: $where, orderBy: { field: UPDATED_AT, direction: ASC }) { nodes { id } } } }`;
  const listOwn = async (where: Where) =>
    (await server.get<{ customer: Listed }>(query, { where })).customer.orders.nodes.map(({ id }) => id);
  const where: Where = { currency: 'USD', customerEmail: { startsWith: 'AD' } };
  const own = expected(rows, { ...where, customerId: 'ada' }, 'UPDATED_AT', 'ASC');
  expect(own.length).toBeGreaterThan(3);
  expect(await listOwn(where)).toEqual(own.slice(0, 100));
  expect(await listOwn({ ...where, customerId: 'bob' })).toEqual([]);
});

test('contradictory or invalid conditions are rejected by name', async () => {
  const rejection = async (where: object, orderBy: object = {}) => {
    const { errors, status } = await server.request(LIST, { where, orderBy });
    expect(status).toBe(400);
    return [errors?.[0]?.extensions.code, errors?.[0]?.extensions['argument']];
  };
  expect(await rejection({}, { field: 'TOTAL' })).toEqual(['BAD_USER_INPUT', 'where.currency']);
  expect(await rejection({ total: { gte: '1' } })).toEqual(['BAD_USER_INPUT', 'where.currency']);
  expect(await rejection({ total: { gte: '1' }, currency: 'XXX' })).toEqual(['BAD_USER_INPUT', 'where.currency']);
  expect(await rejection({ total: { lte: '1.5' }, currency: 'JPY' })).toEqual(['BAD_USER_INPUT', 'where.total.lte']);
  expect(await rejection({ number: { startsWith: '' } })).toEqual(['BAD_USER_INPUT', 'where.number.startsWith']);
  const many = Array.from({ length: 101 }, String);
  expect(await rejection({ number: { in: many } })).toEqual(['BAD_USER_INPUT', 'where.number.in']);
  const { errors } = await server.request('{ orders { count(limit: 0) { value } } }');
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'limit' });
});

test('several long lists in one filter cost no more than one', async () => {
  const many = (text: (index: number) => string) => ({ in: Array.from({ length: 100 }, (_, index) => text(index)) });
  const where = {
    customerEmail: many((index) => `${index}@example.com`),
    externalReference: many((index) => `PO-${index}`),
    number: many((index) => String(index + 1)),
    status: { notIn: ['CANCELLED'] },
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: 8 }, () => list({ where, first: 5 })));
  expect(performance.now() - began).toBeLessThan(5_000); // a hundred times the usual duration
});

test('times outside the range of the database are treated as before or after all orders', async () => {
  for (const [createdAt, count] of [
    [{ gte: '0000-01-01T00:00:00Z' }, rows.length],
    [{ lt: '0000-01-01T00:00:00Z' }, 0],
    [{ gte: '9999-12-31T23:59:59.999Z' }, 0],
    [{ lt: '9999-12-31T23:59:59.999Z' }, rows.length],
  ] as const) {
    const where = {
      createdAt,
      currency: undefined,
      number: { in: rows.slice(0, 100).map(({ number }) => String(number)) },
    };
    expect((await list({ where })).totalCount).toBe(Math.min(count, 100));
    expect((await list({ where, last: 3 })).nodes).toHaveLength(Math.min(count, 3));
  }
  const { errors } = await server.request('{ orderStats(from: "0000-01-01T00:00:00Z") { count } }');
  expect(errors).toBeUndefined();
});

test('a cursor is rejected with another sort order', async () => {
  const { pageInfo } = await list({ first: 1, where: { currency: 'USD' }, orderBy: { field: 'TOTAL' } });
  for (const orderBy of [{ field: 'CREATED_AT' }, { field: 'TOTAL', direction: 'ASC' }]) {
    const { errors } = await server.request(LIST, {
      after: pageInfo.endCursor,
      where: { currency: 'USD' },
      orderBy,
    });
    expect(errors?.[0]?.extensions.code).toBe('INVALID_CURSOR');
  }
});
