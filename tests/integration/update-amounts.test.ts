import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { codes, createdWholeOrder, readOrder, transitionWholeOrder, updateOrder } from '../support/order-requests.js';

/* Updates of the customer name and e-mail address, and of shipping, tax and discount, by `updateOrder`. */

const server = useServer(useDatabase());

const money = (amounts: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, { amount }]));

const items = (quantity: number) => [{ name: 'Tea', quantity, unitPrice: '10' }];
const PRICED = { items: items(4), shipping: '5', tax: '8', discount: '4' };

test('an update of items, tax and discount computes the total, and the event lists the changed fields', async () => {
  const order = await createdWholeOrder(server, PRICED);
  const half = { items: items(2), tax: '4', discount: '2' };
  const updated = await updateOrder(server, { id: order.id, expectedVersion: 1, ...half, expectedTotal: '27' });
  expect(updated).toMatchObject({
    changed: true,
    userErrors: [],
    order: {
      version: 2,
      items: [{ quantity: 2 }],
      ...money({ subtotal: '20.00', shipping: '5.00', tax: '4.00', discount: '2.00', total: '27.00' }),
      history: { nodes: [{}, { type: 'UPDATED', changedFields: ['items', 'tax', 'discount', 'subtotal', 'total'] }] },
    },
  });
  expect(await readOrder(server, order.id)).toEqual(updated.order);
  const again = await updateOrder(server, { id: order.id, expectedVersion: 2, ...half });
  expect(again).toMatchObject({ changed: false, order: { version: 2 }, userErrors: [] });
});

test('each amount can be updated separately; null sets it to 0', async () => {
  const { id } = await createdWholeOrder(server, PRICED);
  const sums = { shipping: '5.00', tax: '8.00', discount: '4.00', total: '49.00' };
  for (const [version, [input, changed]] of [
    [{ shipping: '6' }, { shipping: '6.00', total: '50.00' }],
    [{ tax: 7.5 }, { tax: '7.50', total: '49.50' }],
    [{ discount: '9.50' }, { discount: '9.50', total: '44.00' }],
    [{ shipping: null }, { shipping: '0.00', total: '38.00' }],
    [
      { tax: null, discount: null },
      { tax: '0.00', discount: '0.00', total: '40.00' },
    ],
    [
      { tax: '3', discount: '3' },
      { tax: '3.00', discount: '3.00' },
    ],
  ].entries() as Iterable<[number, [object, Record<string, string>]]>) {
    Object.assign(sums, changed);
    const { order } = await updateOrder(server, { id, expectedVersion: version + 1, ...input });
    expect(order).toMatchObject(money(sums));
    expect(order?.history.nodes.at(-1)).toMatchObject({ changedFields: Object.keys(changed) });
    expect(await readOrder(server, id)).toEqual(order);
  }
});

test('a too large discount is rejected at the given fields', async () => {
  const { id } = await createdWholeOrder(server, PRICED);
  const rejection = async (input: object) =>
    codes((await updateOrder(server, { id, expectedVersion: 1, ...input })).userErrors);
  expect(await rejection({ discount: '53.01' })).toEqual(['INVALID input.discount']);
  expect(await rejection({ items: items(1), discount: '24' })).toEqual(['INVALID input.discount']);
  const { id: discounted } = await createdWholeOrder(server, { ...PRICED, discount: '53' });
  const updateDiscounted = async (input: object) =>
    codes((await updateOrder(server, { id: discounted, expectedVersion: 1, ...input })).userErrors);
  expect(await updateDiscounted({ items: items(1) })).toEqual(['INVALID input.items']);
  expect(await updateDiscounted({ items: items(1), tax: '1' })).toEqual(['INVALID input.items']);
  expect(await updateDiscounted({ shipping: '1' })).toEqual(['INVALID input.shipping']);
  expect(await updateDiscounted({ tax: null })).toEqual(['INVALID input.tax']);
  expect(await rejection({ shipping: '92233720368547758.07' })).toEqual(['LIMIT_EXCEEDED input.shipping']);
  expect(await rejection({ shipping: '-1', tax: '0.001', discount: 'x' })).toEqual([
    'INVALID input.shipping',
    'INVALID input.tax',
    'INVALID input.discount',
  ]);
});

test('a total other than expectedTotal rejects every update', async () => {
  const { id } = await createdWholeOrder(server, PRICED);
  for (const input of [
    { tax: '9', expectedTotal: '49' },
    { notes: 'x', expectedTotal: '48' },
    { expectedTotal: '48' },
  ]) {
    const { userErrors } = await updateOrder(server, { id, expectedVersion: 1, ...input });
    expect(codes(userErrors)).toEqual(['TOTAL_MISMATCH input.expectedTotal']);
  }
  expect(await updateOrder(server, { id, expectedVersion: 1, expectedTotal: '49' })).toMatchObject({
    changed: false,
  });
  const matching = await updateOrder(server, { id, expectedVersion: 1, notes: 'x', expectedTotal: '49' });
  expect(matching).toMatchObject({ changed: true, order: { notes: 'x' }, userErrors: [] });
});

test('amounts are parsed in the currency of the order', async () => {
  const { id } = await createdWholeOrder(server, { currency: 'JPY', items: [{ name: 'Tea', unitPrice: '100' }] });
  const fraction = await updateOrder(server, { id, expectedVersion: 1, tax: '0.5' });
  expect(codes(fraction.userErrors)).toEqual(['INVALID input.tax']);
  const { order } = await updateOrder(server, { id, expectedVersion: 1, tax: '10' });
  expect(order?.total).toEqual({ amount: '110' });
});

test('the name and e-mail address of the customer can be changed and cleared, and searched afterwards', async () => {
  const customerId = randomUUID();
  const { id } = await createdWholeOrder(server, {
    customerId,
    customerName: 'Ada',
    customerEmail: `${customerId}@exmaple.com`,
  });
  const customerEmail = `${customerId}@example.com`;
  const updated = await updateOrder(server, {
    id,
    expectedVersion: 1,
    customerName: ' Ada L. ',
    customerEmail,
  });
  expect(updated.order).toMatchObject({
    customerId,
    customerName: 'Ada L.',
    customerEmail,
    history: { nodes: [{}, { changedFields: ['customerName', 'customerEmail'] }] },
  });
  expect(await readOrder(server, id)).toEqual(updated.order);
  const found = await server.get(
    `query ($customerId: String!, $customerEmail: String!) {
      customer(customerId: $customerId) { name email }
      orders(where: {customerEmail: {eq: $customerEmail}}) { nodes { id } }
    }`,
    { customerId, customerEmail },
  );
  expect(found).toEqual({ customer: { name: 'Ada L.', email: customerEmail }, orders: { nodes: [{ id }] } });
  const cleared = await updateOrder(server, {
    id,
    expectedVersion: 2,
    customerName: null,
    customerEmail: null,
  });
  expect(cleared.order).toMatchObject({ customerName: null, customerEmail: null, version: 3 });
  const wrong = await updateOrder(server, { id, expectedVersion: 3, customerName: ' ', customerEmail: 'ada' });
  expect(codes(wrong.userErrors)).toEqual(['INVALID input.customerName', 'INVALID input.customerEmail']);
});

test('the currency cannot be updated; amounts are editable while PENDING, and names until the order is shipped', async () => {
  const { id } = await createdWholeOrder(server, PRICED);
  const query = 'mutation ($input: UpdateOrderInput!) { updateOrder(input: $input) { changed } }';
  const { status } = await server.request(query, { input: { id, expectedVersion: 1, currency: 'EUR' } });
  expect(status).toBe(400);
  await transitionWholeOrder(server, { id, status: 'CONFIRMED' });
  const update = async (input: object) =>
    codes((await updateOrder(server, { id, expectedVersion: 2, ...input })).userErrors);
  expect(await update({ shipping: '1', tax: '1', discount: '1' })).toEqual([
    'NOT_EDITABLE input.shipping',
    'NOT_EDITABLE input.tax',
    'NOT_EDITABLE input.discount',
  ]);
  expect(await update({ shipping: '5', customerName: 'Ada' })).toEqual([]); // 5 is the current value
  await transitionWholeOrder(server, { id, status: 'SHIPPED' });
  const late = await updateOrder(server, {
    id,
    expectedVersion: 4,
    customerName: 'x',
    customerEmail: 'x@example.com',
  });
  expect(codes(late.userErrors)).toEqual(['NOT_EDITABLE input.customerName', 'NOT_EDITABLE input.customerEmail']);
});

test('statistics include an update of amounts', async () => {
  const customerId = randomUUID();
  const { id } = await createdWholeOrder(server, { customerId, currency: 'KWD', items: items(1) });
  await updateOrder(server, { id, expectedVersion: 1, shipping: '1.5' });
  const stats = (filter: string) => server.get(`{ orderStats${filter} { money { currency gross { amount } } } }`);
  const expected = { orderStats: { money: [{ currency: 'KWD', gross: { amount: '11.500' } }] } };
  await expect.poll(() => stats(`(customerId: "${customerId}")`)).toEqual(expected);
  await expect
    .poll(async () => JSON.stringify(await stats('')), { timeout: 10_000 })
    .toContain('{"currency":"KWD","gross":{"amount":"11.500"}}');
});
