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

/** Values of scalars, by name of the type. Scalars that are not listed have those of String. */
export type ScalarValues = Readonly<Record<string, readonly unknown[]>>;

/** What random values are drawn from. */
export interface Source {
  readonly random: Random;
  /** In place of the usual values. */
  readonly values: ScalarValues;
}

const SCALARS: ScalarValues = {
  Int: [0, 1, 2, 3, 100, -5],
  Float: [0, 1.5, -2],
  Boolean: [true, false],
  ID: [`${UUID}1`, `${UUID}2`, 'x', 7],
  DateTime: ['2026-11-20T15:04:05Z', '2026-11-20T15:04:05.678+02:00'],
  Decimal: ['12.50', 3, 4.25],
  JSONObject: METADATA,
  String: ['', 'Tea', 'USD', 'name@example.com', 'Ünï 😀 "quoted"', 'two\nlines', '1', 'Order'],
};

/** A text in a document that is rejected as an argument. */
export const UNREADABLE = '"not \\u0000 readable"';
const TEXTS = new Set(['ID', 'String']);

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
export function randomInput(type: GraphQLInputType, source: Source, wrong: number): unknown {
  const { random } = source;
  if (wrong > 0 && random.chance(wrong)) return random.pick(WRONG);
  if (isNonNullType(type)) return randomValue(type.ofType, source, wrong);
  return random.chance(0.08) ? null : randomValue(type, source, wrong);
}

function randomValue(type: NullableInputType, source: Source, wrong: number): unknown {
  const { random } = source;
  if (isListType(type)) {
    if (random.chance(0.15)) return randomInput(type.ofType, source, wrong);
    return Array.from({ length: random.whole(4) }, () => randomInput(type.ofType, source, wrong));
  }
  if (isInputObjectType(type)) {
    const fields = givenFields(type, source.random);
    return Object.fromEntries(fields.map((field) => [field.name, randomInput(field.type, source, wrong)]));
  }
  if (isEnumType(type)) return random.pick(type.getValues()).name;
  return scalarValue(type.name, source);
}

/** Gives the text of a variable for a place of this type, or null for a literal. */
export type VariableFor = (type: GraphQLInputType) => string | null;

/** A value written in a document. */
export function randomLiteral(type: GraphQLInputType, source: Source, variableFor: VariableFor): string {
  const { random } = source;
  const variable = variableFor(type);
  if (variable !== null) return variable;
  if (!isNonNullType(type) && random.chance(0.06)) return 'null';
  return valueLiteral(isNonNullType(type) ? type.ofType : type, source, variableFor);
}

function valueLiteral(type: NullableInputType, source: Source, variableFor: VariableFor): string {
  const { random } = source;
  if (isListType(type)) {
    if (random.chance(0.15)) return randomLiteral(type.ofType, source, variableFor);
    const items = Array.from({ length: random.whole(4) }, () => randomLiteral(type.ofType, source, variableFor));
    return `[${items.join(', ')}]`;
  }
  if (isInputObjectType(type)) {
    const fields = givenFields(type, source.random);
    return `{ ${fields.map((field) => `${field.name}: ${randomLiteral(field.type, source, variableFor)}`).join(', ')} }`;
  }
  if (isEnumType(type)) return random.pick(type.getValues()).name;
  if (TEXTS.has(type.name) && random.chance(0.04)) return UNREADABLE;
  return literalOf(scalarValue(type.name, source));
}

function scalarValue(name: string, { random, values }: Source): unknown {
  return random.pick(values[name] ?? SCALARS[name] ?? values['String'] ?? SCALARS['String'] ?? []);
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
