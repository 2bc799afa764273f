import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { assertAffordable } from '../../src/graphql/cost.js';
import { createSchema } from '../../src/graphql/schema.js';

const schema = createSchema();

function costOf(query: string, variables: Record<string, unknown> = {}): number {
  try {
    assertAffordable(schema, parse(query), { variables, operationName: null, maxCost: 0 });
  } catch (cause) {
    return (cause as { details: { cost: number } }).details.cost;
  }
  return 0;
}

test.each([
  ['{ order(id: "x") { id status } }', 3],
  ['{ orders { nodes { id } } }', 1 + 20 * 2],
  ['{ orders(first: 100) { nodes { id } } }', 1 + 100 * 2],
  ['{ orders(last: 5) { nodes { id } pageInfo { hasNextPage } } }', 1 + 5 * 4],
  ['{ orders(first: 0) { nodes { id } } }', 1],
  ['{ orders(first: 1000000) { nodes { id } } }', 1 + 100 * 2],
  ['{ orders(first: 10) { nodes { history(first: 3) { nodes { version } } } } }', 1 + 10 * (1 + (1 + 3 * 2))],
  [
    '{ a: orders(first: 1) { ...F } b: orders(first: 2) { ...F } } fragment F on OrderConnection { nodes { id } }',
    1 + 2 + 1 + 4,
  ],
  ['{ node(id: "x") { ... on Customer { orders(first: 7) { nodes { id } } } } }', 1 + 1 + 7 * 2],
  ['{ __schema { types { fields { args { name } } } } }', 1],
])('%s costs %d', (query, cost) => {
  expect(costOf(query)).toBe(cost);
});

test('sizes from variables count', () => {
  const query = 'query ($first: Int) { orders(first: $first) { nodes { id } } }';
  expect(costOf(query, { first: 50 })).toBe(101);
  expect(costOf(query)).toBe(41); // null means the default
});

test('fragments that spread each other twice are estimated once each', () => {
  const chain = Array.from(
    { length: 40 },
    (_, index) => `fragment F${index} on Order { id ...F${index + 1} ...F${index + 1} }`,
  );
  const query = `{ order(id: "x") { ...F0 } } ${chain.join(' ')} fragment F40 on Order { id }`;
  expect(costOf(query)).toBeGreaterThan(2 ** 40);
});
