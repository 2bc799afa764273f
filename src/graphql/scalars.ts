import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { quoted } from '../domain/quoted.js';
import { GraphQLCountryCode, GraphQLDateTime, GraphQLEmailAddress, GraphQLJSONObject } from 'graphql-scalars';

function described(scalar: GraphQLScalarType, description: string): GraphQLScalarType {
  return new GraphQLScalarType({ ...scalar.toConfig(), description });
}

const DATE_TIME_EXAMPLE = '2026-11-20T15:04:05Z';
const MAX_ECHOED_LENGTH = 40;

/** Runs the parser, and says what is right where it rejects. */
function parseDateTime(parse: () => Date, given: unknown): Date {
  try {
    return parse();
  } catch (cause) {
    const echoed = (JSON.stringify(given) ?? String(given)).slice(0, MAX_ECHOED_LENGTH);
    const message = `DateTime must have date, time and time zone, such as "${DATE_TIME_EXAMPLE}"; it is ${echoed}.`;
    throw new GraphQLError(message, { originalError: cause as Error });
  }
}

export const DateTime = new GraphQLScalarType<Date>({
  ...GraphQLDateTime.toConfig(),
  description: 'A moment, as RFC 3339 in UTC with milliseconds: `2026-11-20T15:04:05.678Z`.',
  parseValue: (value) => parseDateTime(() => GraphQLDateTime.parseValue(value), value),
  parseLiteral: (node, variables) =>
    parseDateTime(() => GraphQLDateTime.parseLiteral(node, variables), 'value' in node ? node.value : node.kind),
});

export const EmailAddress = described(GraphQLEmailAddress, 'An e-mail address of the form `name@example.com`.');

export const CountryCode = described(GraphQLCountryCode, 'A country as ISO 3166-1 alpha-2: two capital letters.');

export const JSONObject = described(GraphQLJSONObject, 'A JSON object.');

const MAX_DECIMAL_LENGTH = 40;
const MAX_EXACT_DIGITS = 15;

/** Reads a plain decimal text. @throws GraphQLError with the rule that it breaks */
function parseDecimalText(text: string): string {
  if (text.length > MAX_DECIMAL_LENGTH) {
    throw new GraphQLError(`Decimal must have at most ${MAX_DECIMAL_LENGTH} characters; this one has ${text.length}.`);
  }
  if (!/^-?\d+(\.\d+)?$/.test(text))
    throw new GraphQLError(`Decimal must be digits such as "12.50"; it is ${quoted(text)}.`);
  return text;
}

/** JSON numbers are doubles: up to 15 significant digits they are what was written, beyond that they are not. */
function parseDecimalNumber(value: number): string {
  const text = String(value);
  const digits = text.replace(/^-?0*\.?0*/, '').replace('.', '');
  if (!Number.isFinite(value) || text.includes('e') || digits.length > MAX_EXACT_DIGITS) {
    throw new GraphQLError(
      `Decimal as a number must be plain and have at most ${MAX_EXACT_DIGITS} significant digits; send it as a string.`,
    );
  }
  return parseDecimalText(text);
}

export const Decimal = new GraphQLScalarType<string, string>({
  name: 'Decimal',
  description:
    'An exact decimal number. A string on the wire (`"12.50"`); as input also a literal, or a JSON number of at most 15 significant digits. Never a binary fraction inside.',
  serialize(value) {
    if (typeof value === 'string') return value;
    throw new GraphQLError('Decimal cannot represent a value that is no decimal text.');
  },
  parseValue(value) {
    if (typeof value === 'string') return parseDecimalText(value);
    if (typeof value === 'number') return parseDecimalNumber(value);
    throw new GraphQLError('Decimal must be a string or a number.');
  },
  parseLiteral(node: ValueNode) {
    if (node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT)
      return parseDecimalText(node.value);
    throw new GraphQLError('Decimal must be a string or a number.', { nodes: node });
  },
});

function parseCurrency(value: unknown): string {
  if (typeof value === 'string' && /^[A-Z]{3}$/.test(value)) return value;
  throw new GraphQLError(`Currency must be three capital letters such as USD; it is ${quoted(value)}.`);
}

export const Currency = new GraphQLScalarType<string, string>({
  name: 'Currency',
  description: 'A currency by its ISO 4217 code: three capital letters, such as `USD`, `JPY` or `KWD`.',
  serialize: parseCurrency,
  parseValue: parseCurrency,
  parseLiteral: (node) => parseCurrency(node.kind === Kind.STRING ? node.value : null),
});
