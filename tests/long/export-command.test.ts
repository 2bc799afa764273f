import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from '../support/cli.js';
import { databaseForTest, serverForTest, useDatabase } from '../support/fixture.js';
import { temporaryFolder } from '../support/process.js';

const database = useDatabase();

interface Exported {
  readonly id: string;
  readonly status: string;
  readonly currency: string;
  readonly customerId: string | null;
  readonly total: string;
  readonly createdAt: string;
  readonly items: readonly { readonly name: string; readonly unitPrice: string; readonly subtotal: string }[];
}

async function exported(url: string, ...words: readonly string[]): Promise<readonly Exported[]> {
  const { code, stdout, stderr } = await runCli(['export', ...words], { DATABASE_URL: url });
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^Exported [\d,]+ orders\.\n$/)]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Exported);
}

/** The cells of RFC 4180. */
function parseCsv(text: string): string[][] {
  expect(text.endsWith('\r\n')).toBe(true);
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

test('all orders are exported with their items, and each filter selects as the API does', async () => {
  const seeded = await databaseForTest();
  await runCli(['seed', '--orders', '1300', '--seed', 'export'], { DATABASE_URL: seeded.url });
  const all = await exported(seeded.url);
  const rows = await seeded.sql<{ id: string; minor: string }>(
    'SELECT id, total AS minor FROM orders WHERE deleted_at IS NULL ORDER BY created_at, id',
  );
  expect(all.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
  const decimals: Readonly<Record<string, number>> = { JPY: 0, KWD: 3 };
  for (const [index, order] of all.entries()) {
    expect(order.total.replace('.', '').replace(/^0+(?=\d)/, '')).toBe(rows[index]?.minor);
    expect(order.total.split('.')[1]?.length ?? 0).toBe(decimals[order.currency] ?? 2);
  }
  const server = await serverForTest(seeded);
  const count = async (where: object) => {
    const query = 'query ($where: OrderWhere) { orders(where: $where) { totalCount } }';
    return (await server.get<{ orders: { totalCount: number } }>(query, { where })).orders.totalCount;
  };
  const since = all[700]?.createdAt ?? '';
  const customerId = all.find((order) => order.customerId !== null)?.customerId ?? '';
  const filters: [string[], object][] = [
    [['--status', 'cancelled,PENDING'], { status: { in: ['CANCELLED', 'PENDING'] } }],
    [['--customer', customerId], { customerId }],
    [['--currency', 'JPY', '--created-from', since], { currency: 'JPY', createdAt: { gte: since } }],
    [['--created-before', since], { createdAt: { lt: since } }],
  ];
  for (const [words, where] of filters) {
    const expected = await count(where);
    expect(expected).toBeGreaterThan(0);
    expect([words, (await exported(seeded.url, ...words)).length]).toEqual([words, expected]);
  }
  const where = { currency: 'USD', total: { gte: '20.5' }, isGuest: true };
  expect((await exported(seeded.url, '--where', JSON.stringify(where))).length).toBe(await count(where));
}, 120_000);

test('CSV has the same values as JSON Lines, and protects spreadsheets on request', async () => {
  const server = await serverForTest(database);
  const formula = '=HYPERLINK("http://example.com", "1,2")';
  const notes = 'two\r\nlines, "quoted"';
  const input = {
    notes,
    customerName: '+49 is no formula',
    currency: 'KWD',
    items: [
      { name: formula, quantity: 3, unitPrice: '0.105' },
      { name: 'Größe 抹茶', unitPrice: '9007199254740993.001' },
    ],
  };
  await server.get('mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id } } }', { input });
  const folder = path.join(await temporaryFolder(), 'export');
  const csv = (...words: string[]) =>
    runCli(['export', '--format', 'csv', '--output', folder, ...words], { DATABASE_URL: database.url });
  const read = async (name: string) => parseCsv(await readFile(path.join(folder, name), 'utf8'));

  expect(await csv()).toMatchObject({ code: 0, stdout: '' });
  const [orders, items] = [await read('orders.csv'), await read('items.csv')];
  const cell = (rows: string[][], row: number, name: string) => rows[row]?.[rows[0]?.indexOf(name) ?? -1];
  expect([orders.length, items.length]).toEqual([2, 3]);
  expect(cell(orders, 1, 'notes')).toBe(notes);
  expect(cell(orders, 1, 'total')).toBe('9007199254740993.316');
  expect(cell(items, 1, 'name')).toBe(formula);
  expect([cell(items, 1, 'unitPrice'), cell(items, 1, 'subtotal')]).toEqual(['0.105', '0.315']);
  expect(cell(items, 2, 'orderId')).toBe(cell(orders, 1, 'id'));

  await csv('--escape-formulas');
  expect(cell(await read('items.csv'), 1, 'name')).toBe(`'${formula}`);
  expect(cell(await read('orders.csv'), 1, 'customerName')).toBe("'+49 is no formula");
});

test('an order that is created during an export is not in it', async () => {
  const seeded = await databaseForTest();
  await runCli(['seed', '--orders', '3000', '--seed', 'moment'], { DATABASE_URL: seeded.url });
  const server = await serverForTest(seeded);
  const create = 'mutation { createOrder(input: { items: [{ name: "Tea", unitPrice: 1 }] }) { order { id } } }';
  const [before] = await seeded.sql<{ count: number }>('SELECT count(*)::int FROM orders WHERE deleted_at IS NULL');
  const stop = new AbortController();
  const creating = (async () => {
    while (!stop.signal.aborted) await server.get(create);
  })();
  const records = await exported(seeded.url);
  stop.abort();
  await creating;
  const [after] = await seeded.sql<{ count: number }>('SELECT count(*)::int FROM orders WHERE deleted_at IS NULL');
  const moments = await seeded.sql<{ id: string }>(
    'SELECT id FROM orders WHERE deleted_at IS NULL ORDER BY created_at, id LIMIT $1',
    [records.length],
  );
  expect(records.length).toBeGreaterThanOrEqual(before?.count ?? 0);
  expect(records.length).toBeLessThan(after?.count ?? 0);
  expect(records.map(({ id }) => id)).toEqual(moments.map(({ id }) => id));
});

test.each<readonly [string[], number, RegExp]>([
  [['--format', 'xml'], 2, /^--format must be jsonl or csv; it is xml\.\nUsage: /],
  [['--format', 'csv'], 2, /^--output FOLDER is required for csv\./],
  [['--status', 'LOST'], 2, /^where\.status\.in\.0 is invalid: .*"LOST"/],
  [['--created-from', 'yesterday'], 2, /^where\.createdAt\.gte is invalid: /],
  [['--where', '{"total":{"gte":"1"}}'], 2, /^where\.currency is required with where\.total\./],
  [['--where', '{'], 2, /^--where must be a JSON object/],
  [['--output', '/no/such/folder/file'], 1, /^The export cannot be written: ENOENT/],
])('export %j is rejected', async (words, status, message) => {
  const { code, stderr } = await runCli(['export', ...words], { DATABASE_URL: database.url });
  expect([code, stderr]).toEqual([status, expect.stringMatching(message)]);
});
