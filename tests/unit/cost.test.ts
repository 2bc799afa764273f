import { getNullableType, isInterfaceType, isListType, isObjectType, parse } from 'graphql';
import { expect, test } from 'vitest';
import { costOf as cost } from '../../src/graphql/cost.js';
import { createSchema } from '../../src/graphql/schema.js';

const schema = createSchema();

function costOf(query: string, variables: Record<string, unknown> = {}, operationName?: string): number {
  return cost(schema, parse(query), { variables, operationName }).requested;
}

test.each([
  ['{ order(id: "x") { id status } }', 3],
  ['{ orders { nodes { id } } }', 1 + 1 + 20],
  ['{ orders(first: 100) { nodes { id } } }', 1 + 1 + 100],
  ['{ orders(first: 100) { edges { cursor node { id } } } }', 1 + 1 + 100 * 3],
  ['{ orders(last: 5) { nodes { id } pageInfo { hasNextPage } } }', 1 + 6 + 2],
  ['{ orders(first: 0) { nodes { id } } }', 2],
  ['{ orders(first: null) { nodes { id } } }', 1 + 1 + 20],
  ['{ orders(first: 10) { nodes { history(first: 3) { nodes { version } } } } }', 1 + 1 + 10 * (200 + 1 + 3)],
  ['{ orders(first: 0) { totalCount } }', 1 + 10_000],
  ['{ orders(first: 0) { count { value } } }', 1 + 150 + 1],
  ['{ orders(first: 0) { count(limit: 1000000) { value } } }', 1 + 10_050 + 1],
  ['{ orderStats { count } }', 1_000 + 1],
  ['{ orderStats(customerId: null) { count } }', 1_000 + 1],
  ['{ orderStats(customerId: "c") { count } }', 10_000 + 1],
  ['{ orderStats { series { from } } }', 1_000 + 1_000 + 2 * 2_000],
  ['{ orderStats { byStatus { count } } }', 1_000 + 1 + 7],
  ['{ order(id: "x") { items { position } allowedTransitions notes metadata } }', 1 + (1 + 200) + (1 + 4) + 40 + 328],
  ['{ nodes(ids: ["x", "y", "z"]) { id } }', 1 + 3 * 5 + 3],
  ['{ a: orders(first: 1) { ...F } b: orders(first: 2) { ...F } } fragment F on OrderConnection { nodes { id } }', 7],
  ['{ node(id: "x") { ... on Customer { orders(first: 7) { nodes { id } } } } }', 1 + 200 + 1 + 7],
  ['{ order(id: "x") { customer { name } } }', 1 + 50 + 1],
  ['{ a: __typename b: __typename }', 2],
  ['mutation { createOrder(input: { items: [{ name: "Tea" }] }) { replayed } }', 1 + 3 * 5 + 1],
  [
    'mutation { createOrders(input: { orders: [] }) { results { userErrors { field } } } }',
    1 + 5 + 1 + 100 * (1 + 50 * (1 + 6)),
  ],
  ['subscription { orderStatusChanged { changedFields } }', 1 + 1 + 30],
])('%s costs %d', (query, expected) => {
  expect(costOf(query)).toBe(expected);
});

test('variables are counted with their values and defaults; null means the default page size', () => {
  const query = 'query ($first: Int) { orders(first: $first) { nodes { id } } }';
  expect(costOf(query, { first: 50 })).toBe(52);
  expect(costOf(query)).toBe(22);
  expect(costOf(query, { first: null })).toBe(22);
  const withDefault = 'query ($first: Int = 100) { orders(first: $first) { nodes { id } } }';
  expect(costOf(withDefault)).toBe(102);
  expect(costOf(withDefault, { first: 1 })).toBe(3);
  expect(costOf(withDefault, { first: null })).toBe(22);
  const customer = 'query ($c: String = "c") { orderStats(customerId: $c) { count } }';
  expect(costOf(customer)).toBe(10_001);
  expect(costOf(customer, { c: null })).toBe(1_001);
  const limit = 'query ($limit: Int! = 1000000) { orders(first: 0) { count(limit: $limit) { value } } }';
  expect(costOf(limit)).toBe(10_052);
});

test('arguments are counted by their values and lengths at every use', () => {
  const items = Array.from({ length: 1_000 }, () => ({}));
  const create = (alias: string) => `${alias}: createOrder(input: { items: $items }) { replayed }`;
  const query = (uses: string) => `mutation ($items: [OrderItemInput!]!) { ${uses} }`;
  expect(costOf(query(create('a')), { items })).toBe(2 + 5 + 5_000);
  expect(costOf(query(`${create('a')} ${create('b')}`), { items })).toBe(2 * (2 + 5 + 5_000));
  const find = 'query ($c: String!) { a: customer(customerId: $c) { id } b: customer(customerId: $c) { id } }';
  expect(costOf(find, { c: 'x'.repeat(10_000) })).toBe(2 * (2 + 100));
  expect(costOf(`{ customer(customerId: "${'x'.repeat(10_000)}") { id } }`)).toBe(102);
  const nested = 'query ($c: String!) { orders(first: 0, where: { externalReference: { eq: $c } }) { nodes { id } } }';
  expect(costOf(nested, { c: 'x'.repeat(10_000) })).toBe(2 + 2 * 5 + 100);
});

test('fragments are counted at every spread and estimated once', () => {
  const chain = Array.from(
    { length: 40 },
    (_, index) => `fragment F${index} on Order { id ...F${index + 1} ...F${index + 1} }`,
  );
  const query = `{ order(id: "x") { ...F0 } } ${chain.join(' ')} fragment F40 on Order { id }`;
  expect(costOf(query)).toBeGreaterThan(2 ** 40);
});

test('a fragment on a connection is counted with the page size of each connection that spreads it', () => {
  const page = (size: number) => `p${size}: orders(first: ${size}) { ...F }`;
  const fragment = 'fragment F on OrderConnection { nodes { id } }';
  expect(costOf(`{ ${page(1)} ${page(100)} } ${fragment}`)).toBe(3 + 102);
  expect(costOf(`{ ${page(100)} ${page(1)} } ${fragment}`)).toBe(3 + 102);
});

test('only the selected operation is counted', () => {
  const query = 'query A { order(id: "x") { id } } query B { orders { nodes { id } } }';
  expect(costOf(query, {}, 'A')).toBe(2);
  expect(costOf(query, {}, 'B')).toBe(22);
  expect(costOf(query, {}, 'C')).toBe(0);
});

test('introspection of the schema counts every type, field and argument once; other introspection counts the largest type', () => {
  const types = Object.values(schema.getTypeMap());
  const fields = types.flatMap((type) =>
    isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [],
  );
  const args = fields.flatMap((field) => field.args);
  const most = Math.max(
    ...types.map((type) => (isObjectType(type) || isInterfaceType(type) ? Object.keys(type.getFields()).length : 0)),
  );
  const fixed = 2 + types.length;
  expect(costOf('{ __schema { types { name } } }')).toBe(fixed);
  expect(costOf('{ __schema { types { fields { name } } } }')).toBe(fixed + fields.length);
  expect(costOf('{ __schema { types { fields { args { name } } } } }')).toBe(fixed + fields.length + args.length);
  expect(costOf('{ __type(name: "Order") { fields { name } } }')).toBe(2 + most);
  const deeper = '{ __schema { types { fields { type { fields { name } } } } } }';
  expect(costOf(deeper)).toBe(fixed + fields.length * (2 + most));
  const wrapped = '{ __type(name: "Order") { ofType { ofType { fields { name } } } } }';
  expect(costOf(wrapped)).toBe(4 + most);
});

test('every list of the schema declares its maximum size', () => {
  const undeclared = Object.values(schema.getTypeMap()).flatMap((type) => {
    if (type.name.startsWith('__') || !(isObjectType(type) || isInterfaceType(type))) return [];
    return Object.values(type.getFields())
      .filter((field) => isListType(getNullableType(field.type)))
      .filter((field) => (field.extensions['cost'] as { size?: unknown } | undefined)?.size === undefined)
      .map((field) => `${type.name}.${field.name}`);
  });
  expect(undeclared).toEqual([]);
});

test.each([
  ['{ orders(first: 101) { nodes { id } } }', 'first must be from 0 to 100; it is 101.'],
  ['query ($n: Int = -1) { orders(last: $n) { nodes { id } } }', 'last must be from 0 to 100; it is -1.'],
  ['{ orders { nodes { history(first: 1, last: 1) { nodes { id } } } } }', 'first and last cannot be combined.'],
])('%s is rejected before a page is read', (query, message) => {
  expect(() => costOf(query)).toThrow(message);
});
