import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { createdWholeOrder } from '../support/order-requests.js';

/* Filters reject null, which would mean "all", and values that no order can have. */

const server = useServer(useDatabase());

async function rejection(query: string, variables: object = {}) {
  const { status, errors } = await server.request(query, variables);
  expect(errors).toHaveLength(1);
  const [error] = errors ?? [];
  return { status, code: error?.extensions.code, message: error?.message, argument: error?.extensions['argument'] };
}

const LIST = 'query ($where: OrderWhere) { orders(where: $where) { nodes { id } } }';

test.each([
  [null, 'where'],
  [{ customerId: null }, 'where.customerId'],
  [{ isGuest: null }, 'where.isGuest'],
  [{ status: null }, 'where.status'],
  [{ status: { eq: null } }, 'where.status.eq'],
  [{ status: { in: null } }, 'where.status.in'],
  [{ status: { notIn: null } }, 'where.status.notIn'],
  [{ customerEmail: null }, 'where.customerEmail'],
  [{ customerEmail: { eq: null } }, 'where.customerEmail.eq'],
  [{ customerEmail: { startsWith: null } }, 'where.customerEmail.startsWith'],
  [{ externalReference: { in: null } }, 'where.externalReference.in'],
  [{ number: { eq: null } }, 'where.number.eq'],
  [{ createdAt: null }, 'where.createdAt'],
  [{ createdAt: { gte: null } }, 'where.createdAt.gte'],
  [{ createdAt: { gte: '2026-11-21T00:00:00Z', lt: null } }, 'where.createdAt.lt'],
  [{ updatedAt: { lt: null } }, 'where.updatedAt.lt'],
  [{ total: null }, 'where.total'],
  [{ total: { gte: null }, currency: 'USD' }, 'where.total.gte'],
  [{ currency: null }, 'where.currency'],
])('null in a filter is rejected in variables and in the document: %j', async (where, argument) => {
  const rejected = { status: 400, code: 'BAD_USER_INPUT', argument };
  const byVariable = await rejection(LIST, { where });
  expect(byVariable).toMatchObject(rejected);
  expect(byVariable.message).toMatch(`${argument} must not be null: leave it out`);
  const literal = JSON.stringify(where)
    .replaceAll(/"(\w+)":/g, '$1: ')
    .replaceAll('\\', '');
  expect(await rejection(`{ orders(where: ${literal}) { nodes { id } } }`)).toMatchObject(rejected);
  await createdWholeOrder(server, { customerId: 'c' });
  const ofCustomer = `{ customer(customerId: "c") { orders(where: ${literal}) { nodes { id } } } }`;
  expect(await rejection(ofCustomer)).toMatchObject({ code: 'BAD_USER_INPUT', argument });
});

test('orderStats rejects customerId: null', async () => {
  const query = 'query ($customerId: String) { orderStats(customerId: $customerId) { count } }';
  const rejected = { status: 400, code: 'BAD_USER_INPUT', argument: 'customerId' };
  expect(await rejection(query, { customerId: null })).toMatchObject(rejected);
});

test.each(['customerId', 'orderId', 'to'])(
  'a subscription with %s: null is rejected and receives no events',
  async (argument) => {
    const watch = await server.subscribe(`subscription { orderStatusChanged(${argument}: null) { orderId } }`);
    await watch.ended;
    expect(watch.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', argument } }]);
    expect(watch.errors[0]?.message).toContain(`${argument} must not be null`);
    expect(watch.seen).toEqual([]);
  },
);

test('an undefined variable omits the argument', async () => {
  const { id } = await createdWholeOrder(server);
  const query = `query ($customerId: String, $where: OrderWhere, $from: DateTime) {
    orders(where: $where, first: 1) { nodes { id } }
    narrow: orders(where: {customerId: $customerId}, first: 1) { nodes { id } }
    orderStats(customerId: $customerId, from: $from) { asOf }
  }`;
  const page = { nodes: [{ id }] };
  expect(await server.get(query)).toMatchObject({ orders: page, narrow: page });
});

test('isGuest selects the orders without a customer or with one', async () => {
  const email = `${randomUUID()}@example.com`;
  const customerEmail = email;
  const guest = await createdWholeOrder(server, { customerEmail });
  const known = await createdWholeOrder(server, { customerEmail, customerId: 'known' });
  const find = async (where: object) => {
    const query =
      'query ($where: OrderWhere) { orders(where: $where) { totalCount nodes { id } count(limit: 9) { value } } }';
    const { orders } = await server.get<{
      orders: { totalCount: number; nodes: { id: string }[]; count: { value: number } };
    }>(query, { where: { customerEmail: { eq: email }, ...where } });
    expect(orders.totalCount).toBe(orders.nodes.length);
    expect(orders.count.value).toBe(orders.nodes.length);
    return orders.nodes.map(({ id }) => id);
  };
  expect(await find({ isGuest: true })).toEqual([guest.id]);
  expect(await find({ isGuest: false })).toEqual([known.id]);
  expect(await find({})).toEqual([known.id, guest.id]);
  expect(await find({ isGuest: false, customerId: 'known' })).toEqual([known.id]);
  expect(await find({ isGuest: true, customerId: 'known' })).toEqual([]);
  const ofCustomer = `query ($isGuest: Boolean!) {
    customer(customerId: "known") { orders(where: {isGuest: $isGuest}) { nodes { id } } } }`;
  expect(await server.get(ofCustomer, { isGuest: true })).toEqual({ customer: { orders: { nodes: [] } } });
});

test.each([
  ['customerEmail', 254],
  ['externalReference', 128],
  ['number', 18],
])('a text above the length limit of %s is rejected by name', async (field, limit) => {
  const longest = '1'.repeat(limit);
  for (const [operator, value] of [
    ['eq', longest],
    ['in', [longest]],
    ['startsWith', longest],
  ] as const) {
    const argument = `where.${field}.${operator}`;
    expect(await server.get(LIST, { where: { [field]: { [operator]: value } } })).toEqual({
      orders: { nodes: [] },
    });
    for (const many of ['1', '1'.repeat(40_000)]) {
      const text = `${longest}${many}`;
      const where = { [field]: { [operator]: operator === 'in' ? ['1', text] : text } };
      const message = `${argument} must have at most ${limit} characters; it has ${text.length}.`;
      expect(await rejection(LIST, { where })).toEqual({ status: 400, code: 'BAD_USER_INPUT', argument, message });
    }
  }
});

test('a customer id above the length limit is rejected by name', async () => {
  const where = { customerId: 'c'.repeat(129) };
  expect(await rejection(LIST, { where })).toMatchObject({ status: 400, argument: 'where.customerId' });
});

test.each([
  [{ total: { gte: 'ten' }, currency: 'USD' }, 'where.total.gte'],
  [{ total: { lte: '1e3' }, currency: 'USD' }, 'where.total.lte'],
  [{ total: { lte: 0.1 + 0.2 }, currency: 'USD' }, 'where.total.lte'],
  [{ total: { lte: '1.001' }, currency: 'USD' }, 'where.total.lte'],
  [{ total: { gte: 1 } }, 'where.currency'],
  [{ currency: 'dollars' }, 'where.currency'],
  [{ currency: 'usd' }, 'where.currency'],
  [{ currency: 'ABC' }, 'where.currency'],
])('an invalid amount or currency is rejected by name: %j', async (where, argument) => {
  expect(await rejection(LIST, { where })).toMatchObject({ status: 400, code: 'BAD_USER_INPUT', argument });
});
