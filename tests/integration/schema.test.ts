import { readFile } from 'node:fs/promises';
import { isEnumType, isInputObjectType, isInterfaceType, isObjectType, printSchema } from 'graphql';
import { expect, test } from 'vitest';
import { createSchema } from '../../src/graphql/schema.js';

const schema = createSchema();

test('schema.graphql equals the schema that "npm run schema" prints', async () => {
  expect(await readFile('schema.graphql', 'utf8')).toBe(`${printSchema(schema)}\n`);
});

test('the schema and every type, field, argument and enum value have a description', () => {
  const undescribed: string[] = [];
  const check = (name: string, { description }: { readonly description?: string | null | undefined }) => {
    if (description === null || description === undefined || description.trim() === '') undescribed.push(name);
  };
  check('schema', schema);
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    check(type.name, type);
    if (isEnumType(type)) for (const value of type.getValues()) check(`${type.name}.${value.name}`, value);
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields())) check(`${type.name}.${field.name}`, field);
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      check(`${type.name}.${field.name}`, field);
      for (const argument of field.args) check(`${type.name}.${field.name}(${argument.name}:)`, argument);
    }
  }
  expect(undescribed).toEqual([]);
});

test('the root types and their main fields come first', () => {
  const namesOf = (record: object) => Object.keys(record);
  expect(namesOf(schema.getTypeMap()).slice(0, 3)).toEqual(['Query', 'Mutation', 'Subscription']);
  const [query, mutation, subscription] = [
    schema.getQueryType(),
    schema.getMutationType(),
    schema.getSubscriptionType(),
  ].map((type) => namesOf(type?.getFields() ?? {}));
  expect(query?.slice(0, 2)).toEqual(['order', 'orders']);
  expect(mutation?.slice(0, 2)).toEqual(['createOrder', 'updateOrderStatus']);
  expect(subscription?.slice(0, 1)).toEqual(['orderStatusChanged']);
});

test('every mutation describes its error codes, and every error code is described by a mutation', () => {
  const codes = schema.getType('ErrorCode');
  if (!isEnumType(codes)) throw new Error('ErrorCode is not an enum');
  const known = codes.getValues().map(({ name }) => name);
  const documented = new Set<string>();
  for (const { name, description } of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const [, errors = ''] = /^userErrors.*?:\n(.*)$/ms.exec(description ?? '') ?? [];
    const listed = known.filter((code) => new RegExp(`\\b${code}\\b`).test(errors));
    expect([name, listed.length]).not.toEqual([name, 0]);
    for (const code of listed) documented.add(code);
  }
  expect(known.filter((code) => !documented.has(code))).toEqual([]);
});
