import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { startProcess, temporaryFolder } from '../support/process.js';
import { create } from '../support/queries.js';

const FILE = path.resolve(process.env['TEST_DATA_DIR'] ?? '../shared/data', 'northwind-orders.json');
const hasData = existsSync(FILE);

beforeAll(() => {
  if (!hasData && process.env['CI'] === 'true')
    throw new Error(`There are no orders to run on at ${FILE}; set TEST_DATA_DIR.`);
});

interface Recorded {
  readonly orderNumber: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly currency: string;
  readonly items: readonly {
    readonly productId: string;
    readonly name: string;
    readonly quantity: number;
    readonly unitPrice: string;
  }[];
}

interface ListPage {
  readonly orders: {
    readonly totalCount?: number;
    readonly nodes: readonly {
      readonly id: string;
      readonly customerId: string;
      readonly total: { readonly amount: string };
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  };
}

const cents = (amount: string) => BigInt(amount.replace('.', ''));

test.skipIf(!hasData)(
  'the 830 Northwind orders are taken, watched and listed, and add up to 1,354,458.59',
  { timeout: 60_000 },
  async () => {
    const recorded = JSON.parse(await readFile(FILE, 'utf8')) as Recorded[];
    const server = await startProcess({ DATA_DIR: path.join(await temporaryFolder(), 'data') });
    const watcher = await server.watch<{
      orderStatusChanged: { orderId: string; order: { total: { amount: string } } };
    }>('subscription { orderStatusChanged(to: [PENDING]) { orderId order { total { amount } } } }');

    const answers = await Promise.all(
      recorded.map(async ({ orderNumber, customerId, customerName, currency, items }) =>
        create(server, { idempotencyKey: `northwind ${orderNumber}`, customerId, customerName, currency, items }),
      ),
    );
    expect(answers.flatMap((answer) => answer.userErrors)).toEqual([]);
    const ids = answers.map((answer) => answer.order?.id ?? '');
    expect(new Set(ids).size).toBe(830);

    const seen = await watcher.until((events) => events.length >= 830, 30_000);
    expect(new Set(seen.map((event) => event.orderStatusChanged.orderId))).toEqual(new Set(ids));
    const watched = seen.reduce((sum, event) => sum + cents(event.orderStatusChanged.order.total.amount), 0n);

    const listed: ListPage['orders']['nodes'][number][] = [];
    let after: string | null = null;
    do {
      const { orders }: ListPage = await server.get<ListPage>(
        'query ($after: String) { orders(first: 100, after: $after) { totalCount nodes { id customerId total { amount } } pageInfo { hasNextPage endCursor } } }',
        { after },
      );
      expect(orders.totalCount).toBe(830);
      listed.push(...orders.nodes);
      after = orders.pageInfo.hasNextPage ? orders.pageInfo.endCursor : null;
    } while (after !== null);
    expect(listed.map((order) => order.id).sort()).toEqual(ids.sort());
    const total = listed.reduce((sum, order) => sum + cents(order.total.amount), 0n);
    expect([total, watched]).toEqual([135_445_859n, 135_445_859n]);
    expect(new Set(listed.map((order) => order.customerId)).size).toBe(89);
  },
);
