import {
  getNamedType,
  getNullableType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';

/** A request that uses one field of the schema, and otherwise only what leads to it. */
export interface Probe {
  /** The field, as `Type.field`, and how it is used. */
  readonly name: string;
  /** The operation. `NAME` stands for its name. */
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The fields with rules that the request uses, in the sequence in which they are checked. */
  readonly uses: readonly string[];
}

type Output = GraphQLObjectType | GraphQLInterfaceType;

/** How a document reaches a type: the fields from the root, and the text around a selection of the type. */
interface Path {
  readonly uses: readonly string[];
  readonly around: (selection: string) => string;
}

/** The arguments of fields that require some, by `Type.field`. */
export type Arguments = Readonly<Record<string, string>>;

const KEYWORDS = ['query', 'mutation', 'subscription'] as const;

/** Probes of every field of every object and interface type that the roots reach. */
export function outputProbes(
  schema: GraphQLSchema,
  roots: readonly (GraphQLObjectType | null | undefined)[],
  args: Arguments,
): Probe[] {
  const probes: Probe[] = [];
  const seen = new Set<Output>();
  const queue: { readonly type: Output; readonly path: Path }[] = roots.flatMap((type, at) =>
    type ? { type, path: { uses: [], around: (selection: string) => `${KEYWORDS[at]} NAME { ${selection} }` } } : [],
  );
  for (const { type, path } of queue) {
    if (seen.has(type)) continue;
    seen.add(type);
    if (isInterfaceType(type)) {
      for (const possible of schema.getPossibleTypes(type)) {
        queue.push({
          type: possible,
          path: { uses: path.uses, around: (selection) => path.around(`... on ${possible.name} { ${selection} }`) },
        });
      }
    }
    for (const field of Object.values(type.getFields())) {
      const name = `${type.name}.${field.name}`;
      const call = args[name] === undefined ? field.name : `${field.name}(${args[name]})`;
      const of = getNamedType(field.type);
      const uses = [...path.uses, name];
      const selection = isCompositeType(of) ? `${call} { __typename }` : call;
      probes.push({ name, query: path.around(selection), variables: {}, uses });
      if (isObjectType(of) || isInterfaceType(of)) {
        queue.push({ type: of, path: { uses, around: (inner) => path.around(`${call} { ${inner} }`) } });
      }
    }
  }
  return probes;
}

/** Values of fields for which the value of their type does not do, by `Type.field`. */
export type Values = Readonly<Record<string, unknown>>;

/**
 * Probes of every field of every input type, for each operation: as a literal, in a variable, as null in a variable, and in
 * the default of a variable.
 */
export function inputProbes(
  roots: readonly (GraphQLObjectType | null | undefined)[],
  args: Arguments,
  values: Values,
): Probe[] {
  return roots.flatMap((root, at) =>
    Object.values(root?.getFields() ?? {}).flatMap((operation) =>
      operation.args.flatMap((argument) => {
        const keyword = KEYWORDS[at] ?? '';
        const name = `${root?.name}.${operation.name}`;
        return usesOf(argument, values).flatMap((use) => probesOf({ keyword, name, operation, argument, args }, use));
      }),
    ),
  );
}

interface Place {
  readonly keyword: string;
  /** Of the operation, as `Type.field`. */
  readonly name: string;
  readonly operation: GraphQLField<unknown, unknown>;
  readonly argument: GraphQLArgument;
  readonly args: Arguments;
}

function probesOf(
  { keyword, name, operation, argument, args }: Place,
  { field, value, uses, isNull }: InputUse,
): Probe[] {
  const others = argument.name === 'input' || args[name] === undefined ? '' : `${args[name]}, `;
  const selection = isCompositeType(getNamedType(operation.type)) ? ' { __typename }' : '';
  const call = (given: string) => `{ ${operation.name}(${others}${argument.name}: ${given})${selection} }`;
  const literal = literalOf(value);
  const type = String(argument.type);
  const inVariable = {
    name: `${field} in a variable of ${name}`,
    query: `${keyword} NAME($v: ${type}) ${call('$v')}`,
    variables: { v: plainOf(value) },
    uses: [name, ...uses],
  };
  if (isNull) return [inVariable];
  const asLiteral = {
    name: `${field} as a literal of ${name}`,
    query: `${keyword} NAME ${call(literal)}`,
    variables: {},
    uses: [name, ...uses],
  };
  const inDefault = {
    name: `${field} in a default of ${name}`,
    query: `${keyword} NAME($v: ${type.replace(/!$/, '')} = ${literal}) ${call('$v')}`,
    variables: {},
    uses: [...uses, name],
  };
  return [inVariable, asLiteral, inDefault];
}

/** A literal that is not a JSON value. */
class EnumValue {
  constructor(readonly name: string) {}
}

interface InputUse {
  readonly field: string;
  readonly value: unknown;
  readonly uses: readonly string[];
  readonly isNull: boolean;
}

/** One value of the argument for each field of its input types, at any depth. */
function usesOf({ type }: GraphQLArgument, values: Values): InputUse[] {
  const uses = usesOfType(type, values, new Set());
  return [...new Map(uses.toReversed().map((use) => [`${use.field} ${use.isNull}`, use])).values()]; // one for each field
}

function usesOfType(type: GraphQLInputType, values: Values, within: ReadonlySet<GraphQLInputType>): InputUse[] {
  const nullable = getNullableType<GraphQLInputType>(type);
  if (isListType(nullable)) {
    return usesOfType(nullable.ofType, values, within).map((use) => ({
      ...use,
      value: [use.value],
    }));
  }
  if (!isInputObjectType(nullable) || within.has(nullable)) return [];
  const inner = new Set([...within, nullable]);
  return Object.values(nullable.getFields()).flatMap((field) => {
    const name = `${nullable.name}.${field.name}`;
    const required = requiredOf(nullable, field, values);
    const of = { ...required.value, [field.name]: valueOf(name, field.type, values) };
    const uses = [...required.uses, name];
    const own = { field: name, value: of, uses, isNull: false };
    const nested = usesOfType(field.type, values, inner).map((use) => ({
      field: use.field,
      value: { ...required.value, [field.name]: use.value },
      uses: [...uses, ...use.uses],
      isNull: use.isNull,
    }));
    const isNullable = !isNonNullType(field.type);
    const empty = { field: name, value: { ...required.value, [field.name]: null }, uses, isNull: true };
    return [own, ...(isNullable ? [empty] : []), ...nested];
  });
}

/** The fields that an input object must have, besides a field of it. */
function requiredOf(type: GraphQLInputObjectType, except: GraphQLInputField | null, values: Values) {
  const fields = Object.values(type.getFields()).filter(
    (field) => field !== except && isNonNullType(field.type) && field.defaultValue === undefined,
  );
  const value = Object.fromEntries(
    fields.map((field) => [field.name, valueOf(`${type.name}.${field.name}`, field.type, values)]),
  );
  return { value, uses: fields.map(({ name }) => `${type.name}.${name}`) };
}

const SCALARS: Readonly<Record<string, unknown>> = {
  ID: '00000000-0000-4000-8000-000000000000',
  String: 'x',
  Int: 1,
  Boolean: true,
  Decimal: '1',
  Currency: 'USD',
  EmailAddress: 'ann@example.com',
  JSONObject: { key: 'value' },
  DateTime: '2026-01-01T00:00:00Z',
};

function valueOf(name: string, type: GraphQLInputType, values: Values): unknown {
  if (values[name] !== undefined) return values[name];
  const nullable = getNullableType<GraphQLInputType>(type);
  if (isListType(nullable)) return [];
  if (isInputObjectType(nullable)) return requiredOf(nullable, null, values).value;
  if (isEnumType(nullable)) return new EnumValue(nullable.getValues()[0]?.name ?? '');
  const value = SCALARS[String(nullable)];
  if (value === undefined) throw new Error(`there is no value for ${name} of the type ${String(type)}`);
  return value;
}

function literalOf(value: unknown): string {
  if (value instanceof EnumValue) return value.name;
  if (Array.isArray(value)) return `[${value.map(literalOf).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, part]) => `${name}: ${literalOf(part)}`)
    .join(', ')}}`;
}

function plainOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, part: unknown) => (part instanceof EnumValue ? part.name : part)));
}
