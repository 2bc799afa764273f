import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { GraphQLCountryCode, GraphQLDateTime } from 'graphql-scalars';
import { MAX_EXACT_DIGITS, type DecimalInput } from '../domain/decimal.js';
import { ORDER_LIMITS } from '../domain/limits.js';
import type { Metadata } from '../domain/order.js';
import { quoted } from '../domain/quoted.js';
import { atMost } from './description-texts.js';

/*
 * Scalars check only the type of an input, because a scalar that rejects a value fails the whole request. The domain checks
 * the content and names the field in `userErrors`.
 */

function described(scalar: GraphQLScalarType, description: string): GraphQLScalarType {
  return new GraphQLScalarType({ ...scalar.toConfig(), description });
}

const DATE_TIME_EXAMPLE = '2026-11-20T15:04:05Z';

/** Replaces the message of the parser by one with a valid example. */
function parseDateTime(parse: () => Date, given: unknown): Date {
  try {
    return parse();
  } catch (cause) {
    const message = `DateTime must have date, time and time zone, such as "${DATE_TIME_EXAMPLE}"; it is ${quoted(given)}.`;
    throw new GraphQLError(message, { originalError: cause as Error });
  }
}

export const DateTime = new GraphQLScalarType<Date, string>({
  ...GraphQLDateTime.toConfig(),
  // A string: JSON.stringify would convert all dates of a response in one turn of the event loop.
  serialize: (value) => (value instanceof Date ? value : GraphQLDateTime.serialize(value)).toISOString(),
  description:
    'A date and time in RFC 3339 format. Output is in UTC with milliseconds: `2026-11-20T15:04:05.678Z`. Input must have a date, a time and a time zone.',
  parseValue: (value) => parseDateTime(() => GraphQLDateTime.parseValue(value), value),
  parseLiteral: (node, variables) =>
    parseDateTime(() => GraphQLDateTime.parseLiteral(node, variables), 'value' in node ? node.value : node.kind),
});

export const CountryCode = described(GraphQLCountryCode, 'An ISO 3166-1 alpha-2 country code: two capital letters.');

/** A string whose content the domain checks. */
function textScalar(name: string, description: string): GraphQLScalarType<string, string> {
  const parseValue = (value: unknown) => {
    if (typeof value === 'string') return value;
    throw new GraphQLError(`${name} must be a string.`);
  };
  return new GraphQLScalarType<string, string>({
    name,
    description,
    serialize: parseValue,
    parseValue,
    parseLiteral: (node) => parseValue(node.kind === Kind.STRING ? node.value : null),
  });
}

export const EmailAddress = textScalar(
  'EmailAddress',
  `An e-mail address such as \`name@example.com\`. Internationalized addresses are accepted. Leading and trailing whitespace is removed. ${atMost(ORDER_LIMITS.customerEmail)}`,
);

export const Currency = textScalar(
  'Currency',
  'An ISO 4217 currency code: three capital letters, such as `USD`, `JPY` or `KWD`.',
);

export const Decimal = new GraphQLScalarType<DecimalInput, string>({
  name: 'Decimal',
  description: `An exact decimal number, serialized as a string: \`"12.50"\`. Input may also be a GraphQL number literal or, in variables, a JSON number of at most ${MAX_EXACT_DIGITS} significant digits.`,
  serialize(value) {
    if (typeof value === 'string') return value;
    throw new GraphQLError('Decimal must be serialized from a string.');
  },
  parseValue(value) {
    if (typeof value === 'string' || typeof value === 'number') return value;
    throw new GraphQLError('Decimal must be a string or a number.');
  },
  parseLiteral(node: ValueNode) {
    if (node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT) return node.value;
    throw new GraphQLError('Decimal must be a string or a number.', { nodes: node });
  },
});

type Variables = Readonly<Record<string, unknown>> | null | undefined;

/**
 * Reads a JSON value that is written in a GraphQL document.
 *
 * @returns undefined for a variable without a value
 */
function readJson(node: ValueNode, variables: Variables): unknown {
  switch (node.kind) {
    case Kind.STRING:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.NULL:
      return null;
    case Kind.LIST:
      return node.values.map((value) => readJson(value, variables) ?? null);
    case Kind.OBJECT: {
      const entries = node.fields.map(({ name, value }) => [name.value, readJson(value, variables)] as const);
      return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    }
    case Kind.VARIABLE:
      return variables?.[node.name.value];
    case Kind.ENUM: {
      const message = `JSONObject must not contain the enum value ${node.value}; write it as a string: "${node.value}".`;
      throw new GraphQLError(message, { nodes: node });
    }
  }
}

function parseObject(value: unknown): Metadata {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Metadata;
  throw new GraphQLError('JSONObject must be an object.');
}

export const JSONObject = new GraphQLScalarType<Metadata, Metadata>({
  name: 'JSONObject',
  description: 'A JSON object.',
  specifiedByURL: 'http://www.ecma-international.org/publications/files/ECMA-ST/ECMA-404.pdf',
  serialize: parseObject,
  parseValue: parseObject,
  parseLiteral: (node, variables) => parseObject(node.kind === Kind.OBJECT ? readJson(node, variables) : null),
});
