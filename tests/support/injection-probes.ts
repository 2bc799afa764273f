import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { outputProbes } from './permission-probes.js';

/** A place of the schema that takes a value from the client: an argument of a field, or a leaf of its input type. */
export interface Slot {
  /** Such as `Query.orders(where.customerEmail.eq)`. */
  readonly name: string;
  /** The scalar or enum. */
  readonly type: string;
  /** A request that uses the field once for each value. The response names are a0, a1, … */
  readonly request: (values: readonly unknown[]) => SlotRequest;
}

export interface SlotRequest {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface SlotOptions {
  /** Literals of required arguments, by `Type.field` and argument. */
  readonly args: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Selections of what fields return, by type. The default selects `__typename`. */
  readonly selections: Readonly<Record<string, string>>;
  /** Values of required input fields, by `Type.field` or by scalar. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Input fields that another one needs beside it, by its `Type.field`. */
  readonly companions: Readonly<Record<string, object>>;
}

type Roots = readonly (GraphQLObjectType | null | undefined)[];

/** Every slot of every field that the roots reach. */
export function slotsOf(schema: GraphQLSchema, roots: Roots, options: SlotOptions): Slot[] {
  const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) || isInterfaceType(type));
  return types.flatMap((type) =>
    Object.values(type.getFields()).flatMap((field) =>
      field.args.flatMap((argument) => {
        const place = `${type.name}.${field.name}`;
        const use = useOf(schema, roots, { place, argument, returned: getNamedType(field.type).name }, options);
        if (use === null) return [];
        return leavesOf(argument.type, argument.name, options).map(({ path, type: scalar, put }) => ({
          name: `${place}(${path})`,
          type: scalar,
          request: (values: readonly unknown[]) => requestOf(use, argument, values.map(put)),
        }));
      }),
    ),
  );
}

interface Place {
  /** As `Type.field`. */
  readonly place: string;
  readonly argument: GraphQLArgument;
  /** The type that the field returns. */
  readonly returned: string;
}

interface Use {
  readonly keyword: string;
  /** A root field with its selection, in which the argument is the variable `slot`. */
  readonly field: string;
}

/** @returns null for a type that the roots do not reach */
function useOf(
  schema: GraphQLSchema,
  roots: Roots,
  { place, argument, returned }: Place,
  { args, selections }: SlotOptions,
): Use | null {
  const literals = Object.entries(args).map(([name, given]) => [name, joined(given)] as const);
  const call = joined({ ...args[place], [argument.name]: '$slot' });
  const probes = outputProbes(schema, roots, { ...Object.fromEntries(literals), [place]: call });
  const probe = probes.find(({ name }) => name === place);
  const [, keyword, field] = /^(\w+) NAME \{ (.*) \}$/.exec(probe?.query ?? '') ?? [];
  if (keyword === undefined || field === undefined) return null;
  return { keyword, field: field.replace('{ __typename }', () => selections[returned] ?? '{ __typename }') };
}

function requestOf({ keyword, field }: Use, { type }: GraphQLArgument, values: readonly unknown[]): SlotRequest {
  const declared = values.map((_, index) => `$v${index}: ${String(type)}`);
  const fields = values.map((_, index) => `a${index}: ${field.replace('$slot', `$$v${index}`)}`);
  return {
    query: `${keyword} (${declared.join(', ')}) { ${fields.join(' ')} }`,
    variables: Object.fromEntries(values.map((value, index) => [`v${index}`, value])),
  };
}

function joined(given: Readonly<Record<string, string>>): string {
  return Object.entries(given)
    .map(([name, literal]) => `${name}: ${literal}`)
    .join(', ');
}

interface Leaf {
  readonly path: string;
  readonly type: string;
  /** The value of the argument with this value in the leaf. */
  readonly put: (value: unknown) => unknown;
}

function leavesOf(type: GraphQLInputType, path: string, options: SlotOptions): Leaf[] {
  const nullable = getNullableType<GraphQLInputType>(type);
  if (isListType(nullable)) {
    return leavesOf(nullable.ofType, path, options).map((leaf) => ({ ...leaf, put: (value) => [leaf.put(value)] }));
  }
  if (!isInputObjectType(nullable)) return [{ path, type: nullable.name, put: (value) => value }];
  return Object.values(nullable.getFields()).flatMap((field) => {
    const beside = {
      ...requiredOf(nullable, options),
      ...options.companions[`${nullable.name}.${field.name}`],
    };
    return leavesOf(field.type, `${path}.${field.name}`, options).map((leaf) => ({
      ...leaf,
      put: (value: unknown) => ({ ...beside, [field.name]: leaf.put(value) }),
    }));
  });
}

function requiredOf(type: GraphQLInputObjectType, options: SlotOptions): object {
  const fields = Object.values(type.getFields()).filter(
    (field) => isNonNullType(field.type) && field.defaultValue === undefined,
  );
  return Object.fromEntries(
    fields.map((field) => [field.name, valueOf(`${type.name}.${field.name}`, field.type, options)]),
  );
}

function valueOf(name: string, type: GraphQLInputType, options: SlotOptions): unknown {
  const nullable = getNullableType<GraphQLInputType>(type);
  if (isListType(nullable)) return [valueOf(name, nullable.ofType, options)];
  if (isInputObjectType(nullable)) return requiredOf(nullable, options);
  const value = options.values[name] ?? options.values[nullable.name];
  if (value === undefined) throw new Error(`there is no value for ${name} of the type ${nullable.name}`);
  return value;
}
