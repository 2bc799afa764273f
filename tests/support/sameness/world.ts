import {
  GraphQLError,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLLeafType,
  type GraphQLNullableType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { inspect } from 'node:util';
import { assertReadable } from '../../../src/graphql/assert-readable.js';
import { PLANNED_RESOLVER } from '../../../src/graphql/execution/plan.js';
import { createRandom, type Random } from '../random.js';

/*
 * Replaces the resolvers of a schema by a world of values: what a field gives depends only on a seed and on the field's place
 * in the response, so that two executors that read the same world must give the same response.
 */

/** A world for one execution. Two with the same seed and errors are equal. */
export interface World {
  readonly schema: GraphQLSchema;
  readonly seed: number;
  /** The share of values that are wrong, in percent. */
  readonly wrong: number;
  /** Errors by the place where they occur: two executions throw the same instances. */
  readonly errors: Map<number, unknown>;
}

/** How the fields of a schema get their values. */
export type ResolverStyle = 'properties' | 'resolvers' | 'both';

export function setResolvers(schema: GraphQLSchema, style: ResolverStyle): void {
  const types = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__'));
  for (const type of types) {
    if (isAbstractType(type)) type.resolveType = style === 'properties' ? undefined : resolveType;
    if (!isObjectType(type)) continue;
    type.isTypeOf = style === 'resolvers' || type.name.length % 3 !== 0 ? undefined : isTypeOf(type.name);
    for (const field of Object.values(type.getFields())) {
      const { name } = field;
      const isResolved = field.args.length > 0 || style === 'resolvers' || (style === 'both' && name.length % 2 === 0);
      field.extensions = {}; // those of the product have its resolvers
      if (isResolved) setResolver(field);
      else delete field.resolve;
    }
  }
}

function setResolver(field: GraphQLField<unknown, unknown>): void {
  const resolve: GraphQLFieldResolver<unknown, unknown> = (source, args: object, context, info) =>
    anything(context as World, field.type, hash(keyOf(source), callText(args, info)));
  field.resolve = resolve;
  if (field.args.length === 0) return;
  field.extensions = { [PLANNED_RESOLVER]: resolve };
  field.resolve = (source, args: object, context, info) => {
    assertReadable(args); // as in the schema of the product
    return resolve(source, args, context, info);
  };
}

/** All that a resolver receives, as text. */
function callText(args: object, info: GraphQLResolveInfo): string {
  const path: unknown[] = [];
  for (let at: GraphQLResolveInfo['path'] | undefined = info.path; at !== undefined; at = at.prev)
    path.push(at.key, at.typename);
  const { fieldName, returnType, parentType, fieldNodes, fragments, variableValues, operation, rootValue } = info;
  const names = [fieldName, String(returnType), parentType.name, operation.name?.value];
  const rest = [fieldNodes.length, Object.keys(fragments), Object.keys(info), keyOf(rootValue)];
  return JSON.stringify([path, names, rest]) + shown(args) + shownVariables(variableValues);
}

/** Shows what JSON does not: undefined, prototypes, dates. */
function shown(value: object): string {
  return Object.keys(value).length === 0 ? '' : inspect(value, { depth: 12, breakLength: Infinity, compact: true });
}

const variableTexts = new WeakMap<object, string>();

function shownVariables(variables: object): string {
  const text = variableTexts.get(variables) ?? shown(variables);
  variableTexts.set(variables, text);
  return text;
}

/** FNV-1a. */
export function hash(seed: number, text: string): number {
  let value = (seed ^ 0x811c9dc5) >>> 0;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}

/** The result of a call: a value, a promise of it, or a failure. */
function anything(world: World, type: GraphQLOutputType, key: number): unknown {
  const random = createRandom(hash(world.seed, String(key)));
  if (random.chance(world.wrong / 100)) return failure(world, key, random);
  return later(random, valueOf(world, type, key, random));
}

function failure(world: World, key: number, random: Random): unknown {
  const kind = random.whole(6);
  if (kind === 0) return null;
  if (kind === 1) return undefined;
  const error = errorFor(world, key, random);
  if (kind === 2) throw error;
  if (kind === 3) return error instanceof Error ? error : new TypeError(`value ${key}`);
  return kind === 4 ? rejected(error) : rejectLater(error, random);
}

/** A rejected promise. It has a handler, because it is not read if another field fails first. */
function rejected(cause: unknown): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  void Promise.allSettled([promise]);
  reject(cause);
  return promise;
}

async function rejectLater(error: unknown, random: Random): Promise<never> {
  await ticks(random.whole(4));
  throw error;
}

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) await Promise.resolve();
}

function later(random: Random, value: unknown): unknown {
  const roll = random.whole(100);
  if (roll < 70) return value;
  if (roll < 82) return Promise.resolve(value);
  if (roll < 95) return ticks(random.whole(4)).then(() => value);
  if (roll < 97) return ticks(20).then(() => value);
  return thenable(value);
}

/** An object with a method `then`, which graphql-js treats as a promise. */
function thenable(value: unknown): object {
  const promise = Promise.resolve(value);
  // oxlint-disable-next-line unicorn/no-thenable -- the case under test
  return { then: promise.then.bind(promise) };
}

function errorFor(world: World, key: number, random: Random): unknown {
  const create = random.pick([
    () => new Error(`failure ${key}`),
    () => new TypeError(`failure ${key}`),
    () => new GraphQLError(`failure ${key}`, { extensions: { code: 'NOT_FOUND', key } }),
    () => new GraphQLError(`failure ${key}`, { path: ['elsewhere', 1] }),
    () => `text ${key}`,
    () => ({ code: key }),
    () => 0,
    () => null,
    () => undefined,
  ]);
  if (!world.errors.has(key)) world.errors.set(key, create());
  return world.errors.get(key);
}

function valueOf(world: World, type: GraphQLOutputType, key: number, random: Random): unknown {
  const nullable: GraphQLNullableType = isNonNullType(type) ? type.ofType : type;
  if (nullable === type && random.chance(0.06)) return random.pick([null, undefined]);
  if (isListType(nullable)) return listOf(world, nullable.ofType as GraphQLOutputType, key, random);
  if (isLeafType(nullable)) return leafOf(world, nullable, key, random);
  if (isAbstractType(nullable)) return abstractOf(world, nullable, key, random);
  return objectOf(world, nullable as GraphQLObjectType, key, random);
}

function listOf(world: World, type: GraphQLOutputType, key: number, random: Random): unknown {
  if (random.chance(world.wrong / 200)) return random.pick(['text', 5, {}, true, failingList(key)]);
  const list = Array.from({ length: random.whole(4) }, (_, index) => {
    const of = hash(key, String(index));
    const item = createRandom(hash(world.seed, `item ${of}`));
    if (item.chance(world.wrong / 200)) return item.pick([null, undefined, rejected(errorFor(world, of, item))]);
    return later(item, valueOf(world, type, of, item));
  });
  return random.chance(0.1) ? new Set(list) : list;
}

function* failingList(key: number): Generator<null> {
  yield null;
  throw new Error(`list ${key}`);
}

const LEAVES: Readonly<Record<string, readonly unknown[]>> = {
  Int: [0, 1, -7, 3.0, '12', true],
  Float: [0, 1.5, -2.25, '3.5'],
  Boolean: [true, false, 1, 0],
  DateTime: [new Date(1_790_000_000_000), '2026-11-20T15:04:05Z'],
  JSONObject: [{}, { a: [1, null, { b: 'text' }], length: 'text' }],
  CountryCode: ['DE', 'US'],
};
const WRONG_LEAVES: readonly unknown[] = [
  {},
  [],
  Symbol('leaf'),
  Number.NaN,
  2 ** 40,
  new Date(Number.NaN),
  'not one',
  { valueOf: () => 5 },
];

function leafOf(world: World, type: GraphQLLeafType, key: number, random: Random): unknown {
  if (random.chance(world.wrong / 200)) return random.pick(WRONG_LEAVES);
  if (isEnumType(type)) return random.pick(type.getValues()).value;
  const values = LEAVES[type.name];
  return values === undefined ? random.pick([`text ${key}`, `text ${key % 10}`]) : random.pick(values);
}

function abstractOf(world: World, type: GraphQLAbstractType, key: number, random: Random): unknown {
  const possible = random.pick(world.schema.getPossibleTypes(type));
  const source = objectOf(world, possible, key, random);
  if (typeof source !== 'object' || random.chance(world.wrong / 50)) return source;
  return Object.assign(source as object, { __typename: possible.name });
}

const NO_SOURCES = ['text', 5, () => 1, Symbol('source')];
const WRONG_NAMES = [null, 5, 'Nothing', 'String', 'Node', 'Money', ''];

/** An object whose properties are read from the world when they are first asked for. */
function objectOf(world: World, type: GraphQLObjectType, key: number, random: Random): unknown {
  if (random.chance(world.wrong / 400)) return random.pick(NO_SOURCES);
  const source = Object.create(prototypeOf(type)) as object;
  sources.set(source, { world, key, values: new Map() });
  if (random.chance(world.wrong / 100)) Object.assign(source, { __typename: random.pick(WRONG_NAMES) });
  return source;
}

/** The root value of an operation. */
export function rootOf(world: World, type: GraphQLObjectType): unknown {
  const random = createRandom(hash(world.seed, 'root'));
  return random.chance(0.1) ? null : objectOf(world, type, hash(world.seed, type.name), random);
}

interface Source {
  readonly world: World;
  readonly key: number;
  readonly values: Map<string, unknown>;
}

const sources = new WeakMap<object, Source>();

function keyOf(source: unknown): number {
  return typeof source === 'object' && source !== null ? (sources.get(source)?.key ?? 1) : 2;
}

const prototypes = new WeakMap<GraphQLObjectType, object>();

function prototypeOf(type: GraphQLObjectType): object {
  const existing = prototypes.get(type);
  if (existing !== undefined) return existing;
  const prototype = {};
  for (const field of Object.values(type.getFields())) {
    Object.defineProperty(prototype, field.name, {
      get(this: object) {
        return property(this, field);
      },
    });
  }
  prototypes.set(type, prototype);
  return prototype;
}

function property(source: object, { name, type }: GraphQLField<unknown, unknown>): unknown {
  const { world, key, values } = sources.get(source) ?? {};
  if (world === undefined || key === undefined || values === undefined) throw new Error('not a source of this world');
  const existing = values.get(name);
  if (existing !== undefined) return existing;
  const at = hash(key, name);
  const isMethod = createRandom(hash(world.seed, `property ${at}`)).chance(0.12);
  const value = isMethod ? method(type, at) : anything(world, type, at);
  values.set(name, value);
  return value;
}

function method(type: GraphQLOutputType, key: number) {
  return function called(this: unknown, args: object, context: unknown, info: GraphQLResolveInfo): unknown {
    return anything(context as World, type, hash(key + keyOf(this), callText(args, info)));
  };
}

type Decision<T> = (world: World, key: number) => T;

function isTypeOf(name: string) {
  return (value: unknown, context: unknown): boolean | Promise<boolean> => {
    const world = context as World;
    const key = hash(keyOf(value), name);
    const random = createRandom(hash(world.seed, `is ${key}`));
    if (!random.chance(world.wrong / 50)) return random.chance(0.7) ? true : Promise.resolve(true);
    const decide = random.pick(WRONG_CHECKS);
    return decide(world, key);
  };
}

const WRONG_CHECKS: readonly Decision<boolean | Promise<boolean>>[] = [
  () => false,
  () => 0 as unknown as boolean,
  () => Promise.resolve(false),
  (_world, key) => {
    throw new Error(`isTypeOf ${key}`);
  },
  (world, key) => rejected(errorFor(world, key, createRandom(key))),
];

function resolveType(value: unknown, context: unknown): string | undefined | Promise<string | undefined> {
  const world = context as World;
  const { __typename: name } = Object(value) as { readonly __typename?: string };
  const key = hash(keyOf(value), 'type');
  const random = createRandom(hash(world.seed, `type ${key}`));
  if (!random.chance(world.wrong / 50)) return random.chance(0.7) ? name : Promise.resolve(name);
  return random.pick(WRONG_TYPES)(world, key) as string;
}

const WRONG_TYPES: readonly Decision<unknown>[] = [
  ...WRONG_NAMES.map((name) => () => name),
  ({ schema }) => schema.getType('Order'),
  () => Promise.resolve('Nothing'),
  (_world, key) => {
    throw new Error(`resolveType ${key}`);
  },
  (world, key) => rejected(errorFor(world, key, createRandom(key))),
];
