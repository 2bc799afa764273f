import { readFileSync } from 'node:fs';
import { buildSchema, getNamedType, isListType, isObjectType, type GraphQLObjectType } from 'graphql';
import { expect, test } from 'vitest';

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const guide = readFileSync('docs/clients.md', 'utf8');
const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
const objects = Object.values(schema.getTypeMap()).filter(
  (type): type is GraphQLObjectType => isObjectType(type) && !roots.has(type) && !type.name.startsWith('__'),
);
const isKeyed = (type: GraphQLObjectType) => type.getFields()['id'] !== undefined;

function merged(text: string): string[] {
  return [...text.matchAll(/(\w+): \{ merge: true \}/g)].map(([, name = '']) => name).toSorted();
}

test('the guide lists every type without a key that a normalized cache warns about', () => {
  const list = /const KEYLESS = \[([\s\S]*?)\];/.exec(guide)?.[1] ?? '';
  const listed = [...list.matchAll(/'(\w+)'/g)].map(([, name]) => name);
  const keyless = objects.filter((type) => !isKeyed(type)).map(({ name }) => name);
  expect(listed).toEqual(keyless.filter((name) => !/(Connection|Edge|PageInfo|Payload)$/.test(name)).toSorted());
});

test('the guide and the example merge every keyless part of a keyed object', () => {
  const parts = objects.filter(isKeyed).flatMap((type) =>
    Object.values(type.getFields())
      .filter((field) => field.args.length === 0 && !isListType(field.type))
      .map((field) => getNamedType(field.type))
      .filter((part) => isObjectType(part) && !isKeyed(part))
      .map(({ name }) => name),
  );
  const expected = [...new Set(parts)].toSorted();
  expect(merged(guide)).toEqual(expected);
  expect(merged(readFileSync('examples/apollo-client.mjs', 'utf8'))).toEqual(expected);
});
