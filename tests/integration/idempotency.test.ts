import { createHmac, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import type { OrderPayload } from '../support/order-documents.js';
import {
  assignCustomer,
  cancelOrder,
  codes,
  createdWholeOrder,
  createWholeOrder,
  deleteOrder,
  readOrder,
  transitionWholeOrder,
  updateOrder,
} from '../support/order-requests.js';
import type { TestClient } from '../support/client.js';

/*
 * An id or idempotency key identifies one request: the same request returns the stored result, and a request that
 * differs in any field is rejected. Each field is tested separately.
 */

const database = useDatabase();
const server = useServer(database);

const ADDRESS = {
  name: 'Ada',
  line1: '1 High Street',
  line2: 'Flat 2',
  city: 'London',
  region: 'Greater London',
  postalCode: 'N1',
  country: 'GB',
};
const LINE = { productId: 'p', sku: 's', name: 'Tea', quantity: 2, unitPrice: '4.20' };

/** One variant of the object for each field, with another value in that field. */
function variantsOf(object: Readonly<Record<string, unknown>>): object[] {
  return Object.entries(object).map(([name, value]) => ({
    ...object,
    [name]: typeof value === 'number' ? value + 1 : name === 'unitPrice' ? '4.21' : `${String(value)}x`,
  }));
}

const ORDER = {
  customerId: 'c',
  customerName: 'Ada',
  customerEmail: 'ada@example.com',
  currency: 'USD',
  items: [LINE, { name: 'Milk', unitPrice: '1' }],
  notes: 'ring twice',
  shippingAddress: ADDRESS,
  billingAddress: { line1: 'PO Box 1' },
  shipping: '3',
  discount: '2',
  tax: '1',
  metadata: { a: 1 },
};

/** Fields that differ from ORDER, one each. */
const OTHER_ORDERS: readonly (readonly [string, readonly object[]])[] = [
  ['customerId', [{ customerId: 'd' }, { customerId: null }]],
  ['customerName', [{ customerName: 'Eve' }, { customerName: null }]],
  ['customerEmail', [{ customerEmail: 'eve@example.com' }, { customerEmail: null }]],
  ['currency', [{ currency: 'EUR' }]],
  ['each field of an item', variantsOf(LINE).map((line) => ({ items: [line, ORDER.items[1]] }))],
  ['the items', [{ items: [LINE] }, { items: ORDER.items.toReversed() }, { items: [...ORDER.items, LINE] }]],
  ['expectedUnitPrice', [{ items: [{ ...LINE, expectedUnitPrice: '4.20' }, ORDER.items[1]] }]],
  ['notes', [{ notes: 'x' }, { notes: null }]],
  ['externalReference', [{ externalReference: 'r' }]],
  [
    'shippingAddress',
    [...variantsOf(ADDRESS).map((shippingAddress) => ({ shippingAddress })), { shippingAddress: null }],
  ],
  ['billingAddress', [{ billingAddress: { line1: 'PO Box 2' } }, { billingAddress: null }]],
  ['shipping', [{ shipping: '3.01' }, { shipping: null }]],
  ['discount', [{ discount: '2.01' }, { discount: null }]],
  ['tax', [{ tax: '1.01' }, { tax: null }]],
  ['expectedTotal', [{ expectedTotal: '11.40' }]],
  ['metadata', [{ metadata: { a: 2 } }, { metadata: { b: 1 } }, { metadata: null }]],
];

describe.each(['id', 'idempotencyKey'])('createOrder under a used %s', (name) => {
  const identity = { [name]: randomUUID() };

  test('the identical request returns the stored order', async () => {
    const first = await createdWholeOrder(server, { ...identity, ...ORDER });
    expect(await createWholeOrder(server, { ...identity, ...ORDER })).toEqual({
      order: first,
      replayed: true,
      userErrors: [],
    });
  });

  test.each(OTHER_ORDERS)('a request that differs in one field is rejected: %s', async (_field, others) => {
    for (const other of others) {
      const { order, userErrors } = await createWholeOrder(server, { ...identity, ...ORDER, ...other });
      expect({ other, order, codes: codes(userErrors) }).toEqual({
        other,
        order: null,
        codes: [`IDEMPOTENCY_MISMATCH input.${name}`],
      });
    }
  });
});

const TRACKING = { carrier: 'Mole', number: 'M1', url: 'https://mole.example/M1' };
const UPDATE = {
  expectedVersion: 1,
  reason: 'requested',
  customerName: 'Ada',
  customerEmail: 'ada@example.com',
  shipping: '3',
  tax: '2',
  discount: '1',
  externalReference: 'r',
  shippingAddress: ADDRESS,
  billingAddress: { line1: 'PO Box 1' },
  notes: 'ring twice',
  metadata: { a: 1 },
  items: [LINE],
};

type Send = (client: TestClient, input: object) => Promise<OrderPayload>;

/** For each change a request and variants that differ in one field each. */
const CHANGES: readonly (readonly [string, Send, object, readonly object[]])[] = [
  [
    'updateOrderStatus',
    transitionWholeOrder,
    { status: 'CONFIRMED' },
    [{ status: 'PROCESSING' }, { status: 'PENDING' }],
  ],
  [
    'updateOrderStatus with all fields',
    transitionWholeOrder,
    { status: 'SHIPPED', expectedVersion: 1, reason: 'why', tracking: TRACKING },
    [
      { expectedVersion: 2 },
      { expectedVersion: null },
      { reason: 'x' },
      { reason: null },
      ...variantsOf(TRACKING).map((tracking) => ({ tracking })),
      { tracking: null },
    ],
  ],
  [
    'cancelOrder',
    cancelOrder,
    { reason: 'FRAUD', note: 'stolen card', expectedVersion: 1 },
    [{ reason: 'STAFF' }, { note: 'x' }, { note: null }, { expectedVersion: 2 }, { expectedVersion: null }],
  ],
  [
    'assignCustomer',
    assignCustomer,
    { customerId: 'c', expectedVersion: 1, reason: 'requested' },
    [{ customerId: 'd' }, { reason: 'x' }, { reason: null }, { expectedVersion: 2 }, { expectedVersion: null }],
  ],
  [
    'updateOrder',
    updateOrder,
    UPDATE,
    [
      { expectedVersion: 2 },
      { reason: 'x' },
      { reason: null },
      { customerName: 'Eve' },
      { customerName: null },
      { customerName: undefined },
      { customerEmail: 'eve@example.com' },
      { customerEmail: null },
      { customerEmail: undefined },
      ...['shipping', 'tax', 'discount'].flatMap((name) =>
        ['1.5', null, undefined].map((value) => ({ [name]: value })),
      ),
      { expectedTotal: '12.40' },
      { externalReference: 'x' },
      { externalReference: null },
      { externalReference: undefined },
      ...variantsOf(ADDRESS).map((shippingAddress) => ({ shippingAddress })),
      { shippingAddress: null },
      { shippingAddress: undefined },
      { billingAddress: { line1: 'PO Box 2' } },
      { billingAddress: undefined },
      { notes: 'x' },
      { notes: null },
      { notes: undefined },
      { metadata: { a: 2 } },
      { metadata: undefined },
      ...variantsOf(LINE).map((line) => ({ items: [line] })),
      { items: [{ ...LINE, expectedUnitPrice: '4.20' }] },
      { items: [LINE, LINE] },
      { items: undefined },
    ],
  ],
];

test.each(CHANGES)(
  '%s with a used key: the identical request is replayed, and any other is rejected',
  async (name, send, input, others) => {
    const customerId = name === 'assignCustomer' ? null : randomUUID(); // only guest orders are assigned
    const { id } = await createdWholeOrder(server, { customerId });
    const idempotencyKey = randomUUID();
    const first = await send(server, { id, idempotencyKey, ...input });
    expect(first).toMatchObject({ changed: true, order: { version: 2 }, userErrors: [] });
    for (const other of others) {
      const { order, userErrors } = await send(server, { id, idempotencyKey, ...input, ...other });
      expect({ other, order, codes: codes(userErrors) }).toEqual({
        other,
        order: null,
        codes: ['IDEMPOTENCY_MISMATCH input.idempotencyKey'],
      });
    }
    expect(await send(server, { id, idempotencyKey, ...input })).toEqual(first);
    expect((await readOrder(server, id))?.version).toBe(2);
  },
);

test('requests that differ only in amounts are different requests', async () => {
  const { id } = await createdWholeOrder(server);
  const input = { id, expectedVersion: 1, idempotencyKey: 'k', shipping: '1' };
  const first = await updateOrder(server, input);
  expect(first).toMatchObject({ changed: true, order: { version: 2 } });
  for (const other of [
    { shipping: '2' },
    { shipping: undefined },
    { shipping: undefined, tax: '1' },
    { tax: '0' },
    { expectedTotal: '13.60' },
  ]) {
    const { userErrors } = await updateOrder(server, { ...input, ...other });
    expect(codes(userErrors)).toEqual(['IDEMPOTENCY_MISMATCH input.idempotencyKey']);
  }
  expect(await updateOrder(server, { ...input, shipping: 1.0 })).toEqual(first);
});

test('a deletion with a key is replayed after the order is deleted; any other request with the key is rejected', async () => {
  const { id } = await createdWholeOrder(server, { customerId: randomUUID() });
  const input = { id, idempotencyKey: 'k', expectedVersion: 1, reason: 'requested' };
  const done = { deletedOrderId: id, userErrors: [] };
  expect(await deleteOrder(server, input)).toEqual(done);
  for (const other of [{ expectedVersion: 2 }, { expectedVersion: null }, { reason: 'x' }, { reason: null }]) {
    const { deletedOrderId, userErrors } = await deleteOrder(server, { ...input, ...other });
    expect({ other, deletedOrderId, codes: codes(userErrors) }).toEqual({
      other,
      deletedOrderId: null,
      codes: ['IDEMPOTENCY_MISMATCH input.idempotencyKey'],
    });
  }
  expect(await deleteOrder(server, input)).toEqual(done);
  for (const without of [{ idempotencyKey: null }, { idempotencyKey: 'another' }]) {
    const { userErrors } = await deleteOrder(server, { ...input, ...without });
    expect(codes(userErrors)).toEqual(['NOT_FOUND input.id']);
  }
  const events = await database.sql('SELECT type FROM order_events WHERE order_id = $1 ORDER BY version', [id]);
  expect(events).toEqual([{ type: 'CREATED' }, { type: 'DELETED' }]);
});

test('concurrent deletions with one key store one event and return the same result', async () => {
  const { id } = await createdWholeOrder(server);
  const results = await Promise.all(Array.from({ length: 20 }, () => deleteOrder(server, { id, idempotencyKey: 'k' })));
  for (const result of results) expect(result).toEqual({ deletedOrderId: id, userErrors: [] });
  expect(await database.sql('SELECT version FROM orders WHERE id = $1', [id])).toEqual([{ version: 2 }]);
});

test('other changes with used keys are not replayed on a deleted order', async () => {
  const { id } = await createdWholeOrder(server);
  const change = { id, idempotencyKey: 'k', status: 'CONFIRMED' };
  await transitionWholeOrder(server, change);
  await deleteOrder(server, { id });
  expect(codes((await transitionWholeOrder(server, change)).userErrors)).toEqual(['NOT_FOUND input.id']);
  const reused = await deleteOrder(server, { id, idempotencyKey: 'k' });
  expect(codes(reused.userErrors)).toEqual(['IDEMPOTENCY_MISMATCH input.idempotencyKey']);
});

test('a key used by one mutation is rejected by the others', async () => {
  const { id } = await createdWholeOrder(server);
  const idempotencyKey = randomUUID();
  const used = await transitionWholeOrder(server, { id, idempotencyKey, status: 'CANCELLED', expectedVersion: 1 });
  expect(used.changed).toBe(true);
  for (const result of [
    await cancelOrder(server, { id, idempotencyKey, expectedVersion: 1 }),
    await updateOrder(server, { id, idempotencyKey, expectedVersion: 1 }),
    await deleteOrder(server, { id, idempotencyKey, expectedVersion: 1 }),
  ]) {
    expect(codes(result.userErrors)).toEqual(['IDEMPOTENCY_MISMATCH input.idempotencyKey']);
  }
});

test('keys are compared exactly, including surrounding white space', async () => {
  const idempotencyKey = randomUUID();
  const keys = [idempotencyKey, ` ${idempotencyKey}`, `${idempotencyKey} `, idempotencyKey.toUpperCase()];
  const orders = await Promise.all(keys.map((key) => createdWholeOrder(server, { idempotencyKey: key })));
  expect(new Set(orders.map(({ id }) => id)).size).toBe(keys.length);
  const { id } = await createdWholeOrder(server);
  const statuses = ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED'];
  for (const [index, key] of keys.entries()) {
    const result = await transitionWholeOrder(server, { id, status: statuses[index], idempotencyKey: key });
    expect(result).toMatchObject({ changed: true, userErrors: [] });
  }
});

test('fingerprints of changes stored by older versions stay the same', async () => {
  const [secret] = await database.sql<{ value: Buffer }>("SELECT value FROM server_secrets WHERE name = 'fingerprint'");
  const stored = async (send: Send, input: object, text: (id: string) => string) => {
    const { id } = await createdWholeOrder(server);
    await send(server, { id, idempotencyKey: 'k', ...input });
    const mac = createHmac('sha256', secret?.value ?? '')
      .update(text(id))
      .digest();
    const rows = await database.sql<{ print: Buffer }>(
      'SELECT command_fingerprint AS print FROM order_events WHERE order_id = $1 AND version = 2',
      [id],
    );
    expect(rows).toEqual([{ print: Buffer.concat([Uint8Array.of(1), mac]) }]);
  };
  await stored(transitionWholeOrder, { status: 'CONFIRMED' }, (id) => `["transition","${id}","CONFIRMED",null,null]`);
  await stored(
    transitionWholeOrder,
    { status: 'SHIPPED', expectedVersion: 1, reason: ' why ', tracking: { number: 'M1' } },
    (id) => `["transition","${id}","SHIPPED",1,"why",{"carrier":null,"number":"M1","url":null}]`,
  );
  await stored(cancelOrder, { reason: 'FRAUD', note: 'x' }, (id) => `["cancel","${id}","FRAUD",null,"x"]`);
  await stored(updateOrder, { expectedVersion: 1, notes: 'x' }, (id) => `["update","${id}",1,null,{"notes":"x"}]`);
  await stored(
    updateOrder,
    { expectedVersion: 1, items: [{ name: 'Tea', quantity: 2, unitPrice: '1' }] },
    (id) =>
      `["update","${id}",1,null,{},[{"expectedUnitPrice":null,"name":"Tea","productId":null,"quantity":2,"sku":null,"unitPrice":"100"}]]`,
  );
});
