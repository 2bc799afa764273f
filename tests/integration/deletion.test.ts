import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { createdWholeOrder, deleteOrder, transitionWholeOrder, updateOrder } from '../support/order-requests.js';

/* A tombstone has no personal data in any column. */

const database = useDatabase();
const server = useServer(database);

const MARK = 'personal';
const ADDRESS = Object.fromEntries(
  ['name', 'line1', 'line2', 'city', 'region', 'postalCode', 'country'].map((name) => [name, `${MARK} ${name}`]),
);

test('a tombstone keeps only the id, number, status, amounts and times', async () => {
  const { id } = await createdWholeOrder(server, {
    customerId: `${MARK}-${randomUUID()}`,
    customerName: `${MARK} name`,
    customerEmail: `${MARK}@example.com`,
    notes: `${MARK} notes`,
    externalReference: `${MARK} reference`,
    shippingAddress: ADDRESS,
    billingAddress: ADDRESS,
    metadata: { [MARK]: MARK },
    items: [{ productId: `${MARK} product`, sku: `${MARK} sku`, name: `${MARK} item`, unitPrice: '5' }],
    shipping: '4',
    tax: '3',
    discount: '2',
  });
  await updateOrder(server, { id, expectedVersion: 1, notes: `${MARK} update` });
  const tracking = { carrier: `${MARK} carrier`, number: MARK, url: `https://${MARK}.example` };
  await transitionWholeOrder(server, { id, status: 'SHIPPED', tracking });
  await deleteOrder(server, { id });
  const rowOf = async (table: string, column: string) =>
    database.sql<{ row: Record<string, unknown> }>(`SELECT to_jsonb(t) AS row FROM ${table} t WHERE ${column} = $1`, [
      id,
    ]);
  const [{ row } = { row: {} }] = await rowOf('orders', 'id');
  expect(JSON.stringify(row)).not.toContain(MARK);
  const kept = Object.entries(row).filter(([, value]) => value !== null);
  expect(kept.map(([column]) => column).toSorted()).toEqual([
    'created_at',
    'currency',
    'deleted_at',
    'discount',
    'fingerprint',
    'id',
    'metadata',
    'number',
    'shipping',
    'status',
    'subtotal',
    'tax',
    'total',
    'updated_at',
    'version',
  ]);
  expect(row).toMatchObject({
    metadata: {},
    status: 'SHIPPED',
    subtotal: 500,
    shipping: 400,
    tax: 300,
    discount: 200,
    total: 1_000,
  });
  expect(await rowOf('order_items', 'order_id')).toEqual([]);
  expect(await rowOf('order_references', 'order_id')).toEqual([]);
});
