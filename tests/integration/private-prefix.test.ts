import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import type { OrderWhere } from '../../src/graphql/types/where.js';
import { toOrderFilter } from '../../src/graphql/order-filter.js';
import type { OrderReader } from '../../src/orders/interfaces/order-reader.js';
import type { OrderRange } from '../../src/orders/interfaces/order-filter.js';
import { listOrders } from '../../src/orders/order-list.js';
import { rangeQuery } from '../../src/store/statements/page-orders.js';
import { callerOf } from '../support/caller.js';
import { createClient } from '../support/client.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { insertOrders } from '../support/rows.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

/* The time of a customer's list does not show how many orders of others have a prefix. */

const database = useDatabase();
const server = useServer(database, { ...AUTH_ENV, RATE_LIMIT: 'off' });
const ANN = { issuer: '', subject: 'ann', roles: ['customer'] } as const;
const OWN = Array.from({ length: 3 }, (_, index) => ({
  id: randomUUID(),
  number: 7_000_000 + index,
  customerId: 'ann',
  email: `ann${index}@example.com`,
  reference: `mine-${index}`,
}));

beforeAll(async () => {
  const others = Array.from({ length: 20_000 }, (_, index) => ({
    id: randomUUID(),
    number: 8_000_000 + index,
    customerId: `customer ${index % 5_000}`,
    email: `user${index}@example.com`,
    reference: `user-${index}`,
  }));
  await insertOrders(database, [...others, ...OWN]);
  await database.sql('ANALYZE');
});

/** The range that the list of a customer reads. */
async function rangeOf(where: OrderWhere): Promise<OrderRange> {
  const ranges: OrderRange[] = [];
  const reader = {
    range: (range: OrderRange) => {
      ranges.push(range);
      return Promise.resolve([]);
    },
  } as unknown as OrderReader;
  const ordering = { field: 'CREATED_AT', direction: 'DESC' } as const;
  await listOrders(reader, { page: {}, filter: toOrderFilter(where), ordering }, callerOf({ viewer: ANN })).page(false);
  const [range] = ranges;
  if (range === undefined) throw new Error('the list has read nothing');
  return range;
}

test.each([
  [{ customerEmail: { startsWith: 'user' } }],
  [{ customerEmail: { startsWith: 'ann' } }],
  [{ externalReference: { startsWith: 'user-1' } }],
  [{ externalReference: { startsWith: 'none' }, status: { in: ['PENDING', 'CONFIRMED'] } }],
  [{ number: { startsWith: '8' } }],
  [{ number: { startsWith: '80' }, customerEmail: { startsWith: 'user' } }],
] as const satisfies readonly (readonly [OrderWhere])[])(
  'the filter %j reads the orders of the customer only',
  async (where) => {
    const { statement, values } = rangeQuery([await rangeOf(where)]);
    const [row] = await database.sql<{ 'QUERY PLAN': readonly [{ readonly Plan: Record<string, number> }] }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement.sql}`,
      [...values],
    );
    const plan = row?.['QUERY PLAN'][0].Plan;
    expect((plan?.['Shared Hit Blocks'] ?? 0) + (plan?.['Shared Read Blocks'] ?? 0)).toBeLessThan(30);
  },
);

test('a customer finds its own orders by each prefix', async () => {
  const ann = createClient(server.url, await signToken({ sub: 'ann' }));
  const list =
    'query ($where: OrderWhere) { orders(where: $where) { nodes { id } totalCount pageInfo { hasNextPage } } }';
  const ids = OWN.map(({ id }) => id).toSorted();
  for (const [where, expected] of [
    [{ customerEmail: { startsWith: 'ANN' } }, ids],
    [{ externalReference: { startsWith: 'mine-' }, number: { startsWith: '7' } }, ids],
    [{ number: { startsWith: '700000' }, status: { in: ['PENDING', 'SHIPPED'] } }, ids],
    [{ number: { startsWith: '7000001' } }, OWN.slice(1, 2).map(({ id }) => id)],
    [{ customerEmail: { startsWith: 'user' } }, []],
  ] as const) {
    const { orders } = await ann.get<{ orders: { nodes: { id: string }[]; totalCount: number } }>(list, { where });
    expect(orders.nodes.map(({ id }) => id).toSorted()).toEqual(expected);
    expect(orders.totalCount).toBe(expected.length);
  }
});
