import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { TEA } from '../support/order-documents.js';
import {
  cancelOrder,
  codes,
  createdWholeOrder,
  createWholeOrder,
  deleteOrder,
  readOrder,
  transitionWholeOrder,
  updateOrder,
} from '../support/order-requests.js';

const database = useDatabase();
const server = useServer(database);
const second = useServer(database);

test('an update stores the given fields, clears fields with null, keeps the others, and writes an event', async () => {
  const order = await createdWholeOrder(server, {
    notes: 'old',
    metadata: { a: 1 },
    shippingAddress: { line1: 'here' },
  });
  const first = await updateOrder(server, {
    id: order.id,
    expectedVersion: 1,
    notes: null,
    billingAddress: { line1: ' there ', country: 'JP' },
    externalReference: 'ref',
    reason: 'requested',
  });
  expect(first).toMatchObject({
    changed: true,
    userErrors: [],
    order: {
      version: 2,
      notes: null,
      metadata: { a: 1 },
      shippingAddress: { line1: 'here' },
      billingAddress: { line1: 'there', countryCode: 'JP' },
      externalReference: 'ref',
      history: {
        nodes: [
          { type: 'CREATED' },
          {
            type: 'UPDATED',
            from: null,
            to: null,
            changedFields: ['externalReference', 'billingAddress', 'notes'],
            reason: 'requested',
          },
        ],
      },
    },
  });
  expect(await readOrder(server, order.id)).toEqual(first.order);
  const same = await updateOrder(server, { id: order.id, expectedVersion: 2, metadata: { a: 1 }, notes: null });
  expect(same).toMatchObject({ changed: false, order: { version: 2 }, userErrors: [] });
});

test('new items replace the old ones and change the total', async () => {
  const order = await createdWholeOrder(server, {
    items: [TEA, { name: 'Milk', unitPrice: '1' }],
    shipping: '1',
    tax: '2',
  });
  const items = [{ name: 'Sugar', quantity: 2, unitPrice: '0.50', sku: 'S' }];
  const updated = await updateOrder(server, { id: order.id, expectedVersion: 1, items });
  expect(updated.order).toMatchObject({
    items: [{ position: 1, name: 'Sugar', sku: 'S', quantity: 2, subtotal: { amount: '1.00' } }],
    subtotal: { amount: '1.00' },
    total: { amount: '4.00' },
    history: { nodes: [{}, { changedFields: ['items', 'subtotal', 'total'] }] },
  });
  expect(updated.order?.['items']).toHaveLength(1);
  const again = await updateOrder(server, { id: order.id, expectedVersion: 2, items });
  expect(again).toMatchObject({ changed: false, order: { version: 2 } });
});

test('fields that are no longer editable are rejected by name', async () => {
  const order = await createdWholeOrder(server, { discount: '12.60', notes: 'same' });
  await transitionWholeOrder(server, { id: order.id, status: 'CONFIRMED' });
  const items = [{ name: 'Sugar', unitPrice: '1' }];
  const rejected = await updateOrder(server, { id: order.id, expectedVersion: 2, items });
  expect(codes(rejected.userErrors)).toEqual(['NOT_EDITABLE input.items']);
  await transitionWholeOrder(server, { id: order.id, status: 'SHIPPED' });
  const shipped = await updateOrder(server, {
    id: order.id,
    expectedVersion: 3,
    notes: 'x',
    metadata: { x: 1 },
  });
  expect(codes(shipped.userErrors)).toEqual(['NOT_EDITABLE input.notes', 'NOT_EDITABLE input.metadata']);
  const same = await updateOrder(server, { id: order.id, expectedVersion: 3, notes: 'same' });
  expect(same).toMatchObject({ changed: false, userErrors: [] });
  const discounted = await createdWholeOrder(server, { discount: '12.60' });
  const less = await updateOrder(server, { id: discounted.id, expectedVersion: 1, items });
  expect(codes(less.userErrors)).toEqual(['INVALID input.items']);
});

test('updates require the current version, an existing order and valid values', async () => {
  const order = await createdWholeOrder(server);
  const rejection = async (input: object) =>
    codes((await updateOrder(server, { id: order.id, expectedVersion: 1, ...input })).userErrors);
  expect(await rejection({ expectedVersion: 2, notes: 'x' })).toEqual(['VERSION_CONFLICT input.expectedVersion']);
  expect(await rejection({ id: randomUUID(), notes: 'x' })).toEqual(['NOT_FOUND input.id']);
  expect(await rejection({ id: randomUUID(), items: [TEA] })).toEqual(['NOT_FOUND input.id']);
  expect(await rejection({ id: 'x', items: [TEA] })).toEqual(['INVALID input.id']);
  expect(await rejection({ items: [] })).toEqual(['REQUIRED input.items']);
  expect(await rejection({ items: null })).toEqual(['REQUIRED input.items']);
  expect(await rejection({ items: [{ name: 'x', quantity: 0 }], notes: '' })).toEqual([
    'INVALID input.notes',
    'INVALID input.items.0.quantity',
    'REQUIRED input.items.0.unitPrice',
  ]);
  expect(await rejection({ reason: 'x'.repeat(1_001) })).toEqual(['LIMIT_EXCEEDED input.reason']);
  expect((await readOrder(server, order.id))?.version).toBe(1);
});

test('an update with an idempotency key is applied once; another update with the key is rejected', async () => {
  const order = await createdWholeOrder(server);
  const input = {
    id: order.id,
    expectedVersion: 1,
    idempotencyKey: 'key',
    notes: 'x',
    items: [{ name: 'a', unitPrice: '1' }],
  };
  expect(await updateOrder(server, input)).toMatchObject({ changed: true, order: { version: 2 } });
  expect(await updateOrder(server, input)).toMatchObject({
    changed: true,
    order: { version: 2 },
    userErrors: [],
  });
  const other = await updateOrder(server, { ...input, notes: 'y' });
  expect(codes(other.userErrors)).toEqual(['IDEMPOTENCY_MISMATCH input.idempotencyKey']);
});

test('updates claim and release references; a reference of another order is rejected', async () => {
  const customerId = randomUUID();
  const [one, two] = [
    await createdWholeOrder(server, { customerId, externalReference: 'A' }),
    await createdWholeOrder(server, { customerId }),
  ];
  const rejected = await updateOrder(server, { id: two.id, expectedVersion: 1, externalReference: 'A' });
  expect(codes(rejected.userErrors)).toEqual(['DUPLICATE input.externalReference']);
  await updateOrder(server, { id: one.id, expectedVersion: 1, externalReference: 'B' });
  expect((await updateOrder(server, { id: two.id, expectedVersion: 1, externalReference: 'A' })).userErrors).toEqual(
    [],
  );
  await deleteOrder(server, { id: two.id });
  await createdWholeOrder(server, { customerId, externalReference: 'A' });
  await updateOrder(server, { id: one.id, expectedVersion: 2, externalReference: null });
  await createdWholeOrder(server, { customerId, externalReference: 'B' });
  const rows = await database.sql('SELECT * FROM order_references WHERE customer_id = $1', [customerId]);
  expect(new Set(rows.map((row) => row['external_reference']))).toEqual(new Set(['A', 'B']));
});

test('exactly one of several concurrent requests gets an external reference', async () => {
  const customerId = randomUUID();
  const orders = await Promise.all(Array.from({ length: 10 }, () => createdWholeOrder(server, { customerId })));
  const results = await Promise.all(
    orders.map(({ id }) => updateOrder(server, { id, expectedVersion: 1, externalReference: 'one' })),
  );
  expect(results.filter(({ changed }) => changed === true)).toHaveLength(1);
  const { id = '' } = results.find(({ changed }) => changed === true)?.order ?? {};
  expect(await database.sql('SELECT order_id FROM order_references WHERE customer_id = $1', [customerId])).toEqual([
    { order_id: id },
  ]);
});

test('two orders that concurrently request the reference of the other both keep their own', async () => {
  const orders = Array.from({ length: 10 }, async () => {
    const customerId = randomUUID();
    const [one, two] = await Promise.all([
      createdWholeOrder(server, { customerId, externalReference: 'A' }),
      createdWholeOrder(server, { customerId, externalReference: 'B' }),
    ]);
    const results = await Promise.all([
      updateOrder(server, { id: one.id, expectedVersion: 1, externalReference: 'B' }),
      updateOrder(second, { id: two.id, expectedVersion: 1, externalReference: 'A' }),
    ]);
    expect(results.map(({ userErrors }) => codes(userErrors))).toEqual([
      ['DUPLICATE input.externalReference'],
      ['DUPLICATE input.externalReference'],
    ]);
    expect(await referencesOf(customerId)).toEqual({ A: one.id, B: two.id });
  });
  await Promise.all(orders);
});

/** The references of the orders and their claims, which must be equal. */
async function referencesOf(customerId: string): Promise<Record<string, string>> {
  const [row] = await database.sql<{ orders: Record<string, string>; claims: Record<string, string> }>(
    `SELECT (SELECT jsonb_object_agg(external_reference, id) FROM orders
               WHERE customer_id = $1 AND external_reference IS NOT NULL) AS orders,
       (SELECT jsonb_object_agg(external_reference, order_id) FROM order_references WHERE customer_id = $1) AS claims`,
    [customerId],
  );
  expect(row?.claims).toEqual(row?.orders);
  return row?.orders ?? {};
}

test('references exchanged concurrently never belong to two orders, and other orders do not fail', async () => {
  const customerId = randomUUID();
  const orders = await Promise.all(Array.from({ length: 4 }, () => createdWholeOrder(server, { customerId })));
  const until = performance.now() + 2_000;
  const toggle = async (id: string, externalReference: string) => {
    let version = 1;
    for (let requested: string | null = externalReference; performance.now() < until;) {
      const { order, userErrors } = await updateOrder(server, {
        id,
        expectedVersion: version,
        externalReference: requested,
      });
      expect(codes(userErrors).filter((code) => code !== 'DUPLICATE input.externalReference')).toEqual([]);
      version = order?.version ?? version;
      if (order !== null) requested = requested === null ? externalReference : null;
    }
  };
  const recreate = async () => {
    while (performance.now() < until) {
      const { order, userErrors } = await createWholeOrder(server, { customerId, externalReference: 'two' });
      expect(codes(userErrors).filter((code) => code !== 'DUPLICATE input.externalReference')).toEqual([]);
      if (order !== null) await deleteOrder(server, { id: order.id });
    }
  };
  const checkClaims = async () => {
    while (performance.now() < until) {
      const rows = await database.sql<{ reference: string; count: string }>(
        `SELECT external_reference AS reference, count(*) FROM orders
         WHERE customer_id = $1 AND external_reference IS NOT NULL GROUP BY 1 HAVING count(*) > 1`,
        [customerId],
      );
      expect(rows).toEqual([]);
      await createdWholeOrder(server); // an unrelated order
    }
  };
  await Promise.all([
    ...orders.map(({ id }, index) => toggle(id, index % 2 === 0 ? 'one' : 'two')),
    recreate(),
    recreate(),
    checkClaims(),
  ]);
  await referencesOf(customerId);
});

test('cancelOrder or a transition to CANCELLED cancels an order once, with a reason', async () => {
  const order = await createdWholeOrder(server);
  const done = await cancelOrder(server, { id: order.id, reason: 'FRAUD', note: 'stolen card' });
  expect(done).toMatchObject({
    changed: true,
    order: {
      status: 'CANCELLED',
      cancelReason: 'FRAUD',
      allowedTransitions: [],
      history: { nodes: [{}, { to: 'CANCELLED', reason: 'stolen card', changedFields: ['status', 'cancelReason'] }] },
    },
  });
  expect(done.order?.['cancelledAt']).toBe(done.order?.updatedAt);
  const again = await cancelOrder(server, { id: order.id, reason: 'CUSTOMER' });
  expect(again).toMatchObject({ changed: false, order: { cancelReason: 'FRAUD', version: 2 }, userErrors: [] });
  const transitioned = await transitionWholeOrder(server, {
    id: (await createdWholeOrder(server)).id,
    status: 'CANCELLED',
  });
  expect(transitioned.order).toMatchObject({ status: 'CANCELLED', cancelReason: 'OTHER' });
  const shipped = await createdWholeOrder(server);
  await transitionWholeOrder(server, { id: shipped.id, status: 'SHIPPED' });
  expect((await cancelOrder(server, { id: shipped.id })).userErrors).toMatchObject([
    { code: 'INVALID_TRANSITION', from: 'SHIPPED', to: 'CANCELLED', allowed: ['DELIVERED'] },
  ]);
  const long = await cancelOrder(server, { id: order.id, note: 'x'.repeat(1_001) });
  expect(codes(long.userErrors)).toEqual(['LIMIT_EXCEEDED input.note']);
});

test('tracking is accepted with SHIPPED, can be corrected, and is rejected with other statuses', async () => {
  const order = await createdWholeOrder(server);
  const tracking = { carrier: 'Mole', number: 'M1', url: 'https://mole.example/M1' };
  const premature = await transitionWholeOrder(server, { id: order.id, status: 'CONFIRMED', tracking });
  expect(codes(premature.userErrors)).toEqual(['INVALID input.tracking']);
  const empty = await transitionWholeOrder(server, { id: order.id, status: 'SHIPPED', tracking: {} });
  expect(codes(empty.userErrors)).toEqual(['REQUIRED input.tracking']);
  const script = await transitionWholeOrder(server, {
    id: order.id,
    status: 'SHIPPED',
    tracking: { url: 'javascript:alert(1)' },
  });
  expect(codes(script.userErrors)).toEqual(['INVALID input.tracking.url']);
  expect((await transitionWholeOrder(server, { id: order.id, status: 'SHIPPED', tracking })).order).toMatchObject({
    tracking,
    version: 2,
  });
  expect(await transitionWholeOrder(server, { id: order.id, status: 'SHIPPED', tracking })).toMatchObject({
    changed: false,
  });
  const corrected = await transitionWholeOrder(server, { id: order.id, status: 'SHIPPED', tracking: { number: 'M2' } });
  expect(corrected).toMatchObject({
    changed: true,
    order: { version: 3, tracking: { carrier: null, number: 'M2', url: null } },
  });
  const delivered = await transitionWholeOrder(server, { id: order.id, status: 'DELIVERED' });
  expect(delivered.order).toMatchObject({ tracking: { number: 'M2' }, status: 'DELIVERED' });
});

test('a deleted order cannot be read, has no personal data, and is not created again', async () => {
  const input = {
    id: randomUUID(),
    customerId: 'deleted',
    customerName: 'Deleted',
    customerEmail: 'deleted@example.com',
    notes: 'n',
    externalReference: 'deleted',
    shippingAddress: { line1: 'x' },
    metadata: { x: 1 },
    shipping: '1',
  };
  const order = await createdWholeOrder(server, input);
  const conflict = await deleteOrder(server, { id: order.id, expectedVersion: 7 });
  expect(codes(conflict.userErrors)).toEqual(['VERSION_CONFLICT input.expectedVersion']);
  expect(await deleteOrder(server, { id: order.id, expectedVersion: 1, reason: 'requested' })).toEqual({
    deletedOrderId: order.id,
    userErrors: [],
  });
  expect(await readOrder(server, order.id)).toBeNull();
  const found = await server.get(`{
    number: orderByNumber(number: "${order.number}") { id }
    reference: orderByExternalReference(customerId: "deleted", externalReference: "deleted") { id }
    list: orders(where: { customerId: "deleted" }) { totalCount nodes { id } }
    customer(customerId: "deleted") { id }
    item: node(id: "item:${order.id}:1") { id }
    event: node(id: "event:${order.id}:1") { id }
  }`);
  expect(found).toEqual({
    number: null,
    reference: null,
    list: { totalCount: 0, nodes: [] },
    customer: null,
    item: null,
    event: null,
  });
  for (const result of [
    await deleteOrder(server, { id: order.id }),
    await transitionWholeOrder(server, { id: order.id, status: 'CONFIRMED' }),
    await updateOrder(server, { id: order.id, expectedVersion: 2, notes: 'x' }),
    await cancelOrder(server, { id: order.id }),
  ]) {
    expect(codes(result.userErrors)).toEqual(['NOT_FOUND input.id']);
  }
  expect(codes((await createWholeOrder(server, input)).userErrors)).toEqual(['ORDER_DELETED input.id']);
  const [row] = await database.sql('SELECT * FROM orders WHERE id = $1', [order.id]);
  expect(row).toMatchObject({
    version: 2,
    number: order.number,
    customer_id: null,
    customer_name: null,
    customer_email: null,
    notes: null,
    external_reference: null,
    shipping_address: null,
    metadata: {},
  });
  expect(await database.sql('SELECT * FROM order_items WHERE order_id = $1', [order.id])).toEqual([]);
  // The events of a deleted order keep the customer and the reason.
  const events = await database.sql('SELECT type, customer_id, reason FROM order_events WHERE order_id = $1', [
    order.id,
  ]);
  expect(events).toEqual([
    { type: 'CREATED', customer_id: 'deleted', reason: null },
    { type: 'DELETED', customer_id: 'deleted', reason: 'requested' },
  ]);
  await createdWholeOrder(server, { ...input, id: randomUUID() }); // the reference is available again
});
