import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { getMetadataStorage } from 'type-graphql';

type Resolver = GraphQLFieldResolver<unknown, unknown>;
type Method = Pick<
  ReturnType<typeof getMetadataStorage>['queries'][number],
  'methodName' | 'schemaName' | 'target' | 'params' | 'middlewares' | 'roles'
>;
type Param = NonNullable<Method['params']>[number];

/**
 * Resolvers that call the method of a resolver class directly, by `Type.field`. Those of type-graphql copy each input object
 * and list into instances of their classes at every call; the methods only read properties.
 */
export function directResolvers(schema: GraphQLSchema): ReadonlyMap<string, Resolver> {
  const { queries, mutations, fieldResolvers, objectTypes } = getMetadataStorage();
  const instances = new Map<unknown, Readonly<Record<string, unknown>>>();
  const instanceOf = (target: Method['target']) => {
    const instance = instances.get(target) ?? (Reflect.construct(target, []) as Readonly<Record<string, unknown>>);
    instances.set(target, instance);
    return instance;
  };
  const ofType = (type: string | undefined, methods: readonly Method[]) =>
    methods.flatMap((method) => {
      const resolver = direct(instanceOf(method.target), method);
      return resolver === null ? [] : [[`${type}.${method.schemaName}`, resolver] as const];
    });
  const ofFields = fieldResolvers
    .filter(({ kind }) => kind === 'external')
    .flatMap((method) => {
      const of = method.getObjectType?.();
      return ofType(objectTypes.find(({ target }) => target === of)?.name, [method]);
    });
  return new Map([
    ...ofType(schema.getQueryType()?.name, queries),
    ...ofType(schema.getMutationType()?.name, mutations),
    ...ofFields,
  ]);
}

/** @returns null for a method with middleware, roles or parameters of other kinds */
function direct(
  instance: Readonly<Record<string, unknown>>,
  { methodName, params = [], ...method }: Method,
): Resolver | null {
  const run = instance[methodName];
  const readers = params.toSorted((one, other) => one.index - other.index).map(readerOf);
  const isPlain = (method.middlewares ?? []).length === 0 && method.roles === undefined;
  if (!isPlain || typeof run !== 'function' || !readers.every((reader) => reader !== null)) return null;
  return (root, args, context, info): unknown =>
    Reflect.apply(
      run,
      instance,
      readers.map((read) => read(root, args, context, info)),
    );
}

function readerOf(param: Param): Resolver | null {
  switch (param.kind) {
    case 'root':
      return param.propertyName === undefined ? (root) => root : null;
    case 'args':
      return (_root, args) => args;
    case 'arg':
      return (_root, args) => (args as Readonly<Record<string, unknown>>)[param.name];
    case 'context':
      return param.propertyName === undefined ? (_root, _args, context) => context : null;
    case 'info':
      return (_root, _args, _context, info) => info;
    case 'pubSub':
    case 'custom':
      return null;
  }
}
