import { readFile } from 'node:fs/promises';
import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { expect, test } from 'vitest';
import { createSchema } from '../../src/graphql/schema.js';

const schema = createSchema();

test('schema.graphql is what the code says; "npm run schema" prints it', async () => {
  expect(await readFile('schema.graphql', 'utf8')).toBe(`${printSchema(lexicographicSortSchema(schema))}\n`);
});

test('every type, field, argument and enum value is described', () => {
  const bare: string[] = [];
  const check = (name: string, { description }: { readonly description?: string | null | undefined }) => {
    if (description === null || description === undefined || description.trim() === '') bare.push(name);
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    const isRoot = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].includes(
      type as never,
    );
    if (!isRoot) check(type.name, type);
    if (isEnumType(type)) for (const value of type.getValues()) check(`${type.name}.${value.name}`, value);
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields())) check(`${type.name}.${field.name}`, field);
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      check(`${type.name}.${field.name}`, field);
      for (const argument of field.args) check(`${type.name}.${field.name}(${argument.name}:)`, argument);
    }
  }
  expect(bare).toEqual([]);
});

test('every mutation says which errors to be ready for, and every error is said by one', () => {
  const codes = schema.getType('ErrorCode');
  if (!isEnumType(codes)) throw new Error('ErrorCode is no enum');
  const known = codes.getValues().map(({ name }) => name);
  const said = new Set<string>();
  for (const { name, description } of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const [, errors = ''] = /userErrors(?: of a row)?: (.*)$/s.exec(description ?? '') ?? [];
    const listed = known.filter((code) => errors.includes(code));
    expect([name, listed.length]).not.toEqual([name, 0]);
    for (const code of listed) said.add(code);
  }
  expect(known.filter((code) => !said.has(code))).toEqual([]);
});
