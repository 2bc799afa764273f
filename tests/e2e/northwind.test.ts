import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { startProcess, temporaryFolder } from '../support/process.js';
import { createOrder, createOrders, transitionOrders } from '../support/order-requests.js';

const FILE = path.resolve(process.env['TEST_DATA_DIR'] ?? '../shared/data', 'northwind-orders.json');
const hasData = existsSync(FILE);

beforeAll(() => {
  if (!hasData && process.env['CI'] === 'true')
    throw new Error(`The test data ${FILE} does not exist; set TEST_DATA_DIR.`);
});

interface Recorded {
  readonly orderNumber: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly currency: string;
  readonly shippedAt: string | null;
  readonly shipTo: object;
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

interface Stats {
  readonly count: number;
  readonly byStatus: readonly { readonly status: string; readonly count: number }[];
  readonly money: readonly { readonly count: number; readonly gross: { readonly amount: string } }[];
}

const STATS = `query ($customerId: String) {
  orderStats(customerId: $customerId) { count byStatus { status count } money { count gross { amount } } }
}`;

test.skipIf(!hasData)(
  'the 830 Northwind orders are created in batches with addresses, 809 are shipped, and the sums by customer are exact',
  { timeout: 60_000 },
  async () => {
    const recorded = JSON.parse(await readFile(FILE, 'utf8')) as Recorded[];
    const server = await startProcess({ DATA_DIR: path.join(await temporaryFolder(), 'data') });
    const orders = recorded.map(({ orderNumber, customerId, customerName, currency, items, shipTo }) => ({
      idempotencyKey: `northwind ${orderNumber}`,
      externalReference: orderNumber,
      shippingAddress: shipTo,
      customerId,
      customerName,
      currency,
      items,
      metadata: { source: 'northwind' },
    }));
    const chunks = Array.from({ length: 9 }, (_, index) => orders.slice(index * 100, (index + 1) * 100));
    const results = await Promise.all(chunks.map((chunk) => createOrders(server, { orders: chunk })));
    const created = results.flatMap(({ results }) => results);
    expect(created.flatMap(({ userErrors }) => userErrors)).toEqual([]);
    expect(created).toHaveLength(830);

    const shipped = recorded.flatMap(({ shippedAt }, index) =>
      shippedAt === null ? [] : (created[index]?.order?.id ?? ''),
    );
    expect(shipped).toHaveLength(809);
    const tracking = { carrier: 'Speedy Express' };
    for (let start = 0; start < shipped.length; start += 100) {
      const changes = shipped.slice(start, start + 100).map((id) => ({ id, status: 'SHIPPED', tracking }));
      const { results } = await transitionOrders(server, changes);
      expect(results.every(({ changed }) => changed)).toBe(true);
    }

    const stats = async (customerId?: string) =>
      (await server.get<{ orderStats: Stats }>(STATS, { customerId })).orderStats;
    const counts = async () => (await stats()).byStatus.filter(({ count }) => count > 0);
    await expect.poll(counts, { timeout: 10_000 }).toEqual([
      { status: 'PENDING', count: 21 },
      { status: 'SHIPPED', count: 809 },
    ]);
    expect((await stats()).money).toEqual([{ count: 830, gross: { amount: '1354458.59' } }]);
    for (const [customerId, gross] of [
      ['QUICK', '117483.39'],
      ['SAVEA', '115673.39'],
      ['ERNSH', '113236.68'],
    ] as const) {
      expect((await stats(customerId)).money).toMatchObject([{ gross: { amount: gross } }]);
    }

    const [first] = recorded;
    const found = await server.get<{ found: object }>(
      `query ($customerId: String!, $externalReference: String!) {
        found: orderByExternalReference(customerId: $customerId, externalReference: $externalReference) {
          status tracking { carrier } shippingAddress { name line1 city region postalCode country countryCode } metadata
        }
      }`,
      { customerId: first?.customerId, externalReference: first?.orderNumber },
    );
    expect(found.found).toEqual({
      status: 'SHIPPED',
      tracking: { carrier: 'Speedy Express' },
      shippingAddress: { ...first?.shipTo, countryCode: 'FR' },
      metadata: { source: 'northwind' },
    });
    const countries = await server.get<{ orders: { nodes: { shippingAddress: { countryCode: string | null } }[] } }>(
      '{ orders(first: 100) { nodes { shippingAddress { countryCode } } } }',
    );
    expect(countries.orders.nodes.filter(({ shippingAddress }) => shippingAddress.countryCode === null)).toEqual([]);
  },
);

test.skipIf(!hasData)(
  'the 830 Northwind orders are created separately, received by a subscriber and listed, with a total of 1,354,458.59',
  { timeout: 60_000 },
  async () => {
    const recorded = JSON.parse(await readFile(FILE, 'utf8')) as Recorded[];
    const server = await startProcess({ DATA_DIR: path.join(await temporaryFolder(), 'data') });
    const subscription = await server.subscribe<{
      orderStatusChanged: { orderId: string; order: { total: { amount: string } } };
    }>('subscription { orderStatusChanged(to: [PENDING]) { orderId order { total { amount } } } }');

    const results = await Promise.all(
      recorded.map(async ({ orderNumber, customerId, customerName, currency, items }) =>
        createOrder(server, { idempotencyKey: `northwind ${orderNumber}`, customerId, customerName, currency, items }),
      ),
    );
    expect(results.flatMap((result) => result.userErrors)).toEqual([]);
    const ids = results.map((result) => result.order?.id ?? '');
    expect(new Set(ids).size).toBe(830);

    const seen = await subscription.until((events) => events.length >= 830, 30_000);
    expect(new Set(seen.map((event) => event.orderStatusChanged.orderId))).toEqual(new Set(ids));
    const received = seen.reduce((sum, event) => sum + cents(event.orderStatusChanged.order.total.amount), 0n);

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
    expect([total, received]).toEqual([135_445_859n, 135_445_859n]);
    expect(new Set(listed.map((order) => order.customerId)).size).toBe(89);
  },
);
