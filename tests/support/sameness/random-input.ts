import {
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLList,
} from 'graphql';
import type { Random } from '../random.js';

type NullableInputType = Exclude<GraphQLInputType, { readonly ofType: unknown }> | GraphQLList<GraphQLInputType>;

const UUID = '0192f5a0-7c4e-7000-8000-00000000000';
const METADATA: readonly object[] = [
  {},
  { source: 'web' },
  { nested: { list: [1, 'two', null, { three: 3.5 }] }, constructor: true },
];

/** Valid values of each scalar. Scalars that are not listed take texts. */
const SCALARS: Readonly<Record<string, readonly unknown[]>> = {
  Int: [0, 1, 2, 3, 100, -5],
  Float: [0, 1.5, -2],
  Boolean: [true, false],
  ID: [`${UUID}1`, `${UUID}2`, 'x', 7],
  DateTime: ['2026-11-20T15:04:05Z', '2026-11-20T15:04:05.678+02:00'],
  Decimal: ['12.50', 3, 4.25],
  JSONObject: METADATA,
};
const TEXTS = ['', 'Tea', 'USD', 'name@example.com', 'Ünï 😀 "quoted"', 'two\nlines', '1', 'Order'];

/** Values that are wrong for most types. */
const WRONG: readonly unknown[] = [
  null,
  true,
  'wrong',
  2 ** 40,
  1.5,
  [],
  [null],
  ['wrong', 5],
  {},
  { unknown: 1 },
  { constructor: 1 },
  JSON.parse('{"__proto__":{"id":1}}') as object,
];

/** A variable's value, as parsed from JSON. @param wrong the share of parts that are probably not valid */
export function randomInput(type: GraphQLInputType, random: Random, wrong: number): unknown {
  if (wrong > 0 && random.chance(wrong)) return random.pick(WRONG);
  if (isNonNullType(type)) return randomValue(type.ofType, random, wrong);
  return random.chance(0.08) ? null : randomValue(type, random, wrong);
}

function randomValue(type: NullableInputType, random: Random, wrong: number): unknown {
  if (isListType(type)) {
    if (random.chance(0.15)) return randomInput(type.ofType, random, wrong);
    return Array.from({ length: random.whole(4) }, () => randomInput(type.ofType, random, wrong));
  }
  if (isInputObjectType(type)) {
    const fields = givenFields(type, random);
    return Object.fromEntries(fields.map((field) => [field.name, randomInput(field.type, random, wrong)]));
  }
  if (isEnumType(type)) return random.pick(type.getValues()).name;
  return random.pick(SCALARS[type.name] ?? TEXTS);
}

/** Gives the text of a variable for a place of this type, or null for a literal. */
export type VariableFor = (type: GraphQLInputType) => string | null;

/** A value written in a document. */
export function randomLiteral(type: GraphQLInputType, random: Random, variableFor: VariableFor): string {
  const variable = variableFor(type);
  if (variable !== null) return variable;
  if (!isNonNullType(type) && random.chance(0.06)) return 'null';
  return valueLiteral(isNonNullType(type) ? type.ofType : type, random, variableFor);
}

function valueLiteral(type: NullableInputType, random: Random, variableFor: VariableFor): string {
  if (isListType(type)) {
    if (random.chance(0.15)) return randomLiteral(type.ofType, random, variableFor);
    const items = Array.from({ length: random.whole(4) }, () => randomLiteral(type.ofType, random, variableFor));
    return `[${items.join(', ')}]`;
  }
  if (isInputObjectType(type)) {
    const fields = givenFields(type, random);
    return `{ ${fields.map((field) => `${field.name}: ${randomLiteral(field.type, random, variableFor)}`).join(', ')} }`;
  }
  if (isEnumType(type)) return random.pick(type.getValues()).name;
  if (random.chance(0.02)) return '"not \\u0000 readable"';
  return literalOf(random.pick(SCALARS[type.name] ?? TEXTS));
}

function givenFields(type: GraphQLInputObjectType, random: Random) {
  const fields = Object.values(type.getFields());
  const part = random.pick([0, 0.2, 0.6]);
  return fields.filter(
    (field) => (isNonNullType(field.type) && field.defaultValue === undefined) || random.chance(part),
  );
}

function literalOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literalOf).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, part]) => `${key}: ${literalOf(part)}`)
    .join(', ')} }`;
}
