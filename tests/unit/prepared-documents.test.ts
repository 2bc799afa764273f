import { buildSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import { PreparedDocuments } from '../../src/graphql/execution/prepared-documents.js';

const schema = buildSchema('type Query { a: Int }');

test('a kept document stays prepared while others leave the cache', () => {
  const documents = new PreparedDocuments(schema);
  const kept = documents.keep(parse('query Kept { a }'));
  const textOf = (index: number) => `query Other${index} { ${'a '.repeat(1_000)} }`;
  for (let index = 0; index < 300; index += 1) documents.add(parse(textOf(index)));
  expect(documents.get(textOf(0))).toBeUndefined();
  expect(documents.get('query Kept { a }')).toBe(kept);
  expect(documents.of(kept.document)).toBe(kept);
});
