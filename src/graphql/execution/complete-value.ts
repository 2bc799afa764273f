import {
  GraphQLError,
  isObjectType,
  type GraphQLAbstractType,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLTypeResolver,
} from 'graphql';
import { inspect } from 'graphql/jsutils/inspect.js';
import { executeFields, handleError, type Execution, type Path } from './execute-fields.js';
import { isPromise } from './is-promise.js';
import type { SelectionPlan } from './plan.js';

/**
 * Turns the value of a resolver into its value in the response, or a promise of it.
 *
 * @param path of the value; `info.path` is that of the field
 * @throws whatever makes the value null, an error without a location
 */
export type Complete = (execution: Execution, value: unknown, path: Path, info: GraphQLResolveInfo) => unknown;

export function completeNonNull(complete: Complete): Complete {
  return (execution, value, path, info) => {
    const completed = complete(execution, value, path, info);
    if (completed !== null) return completed;
    throw new Error(`Cannot return null for non-nullable field ${info.parentType.name}.${info.fieldName}.`);
  };
}

/** Completes null, and rejects an error that is returned as a value. */
function nullable(complete: Complete): Complete {
  return (execution, value, path, info) => {
    if (value instanceof Error) throw value;
    return value === null || value === undefined ? null : complete(execution, value, path, info);
  };
}

export function completeLeaf(type: GraphQLLeafType): Complete {
  return nullable((_execution, value) => {
    const serialized = type.serialize(value);
    if (serialized !== null && serialized !== undefined) return serialized;
    const call = `${inspect(type)}.serialize(${inspect(value)})`;
    throw new Error(`Expected \`${call}\` to return non-nullable value, returned: ${inspect(serialized)}`);
  });
}

export function completeList(completeItem: Complete, hasNonNullItems: boolean): Complete {
  function completeOne(execution: Execution, item: unknown, path: Path, info: GraphQLResolveInfo): unknown {
    const fail = (cause: unknown) => handleError(execution, cause, path, info.fieldNodes, !hasNonNullItems);
    try {
      const completed = isPromise(item)
        ? item.then((resolved) => completeItem(execution, resolved, path, info))
        : completeItem(execution, item, path, info);
      return isPromise(completed) ? completed.then(undefined, fail) : completed;
    } catch (cause) {
      return fail(cause);
    }
  }

  return nullable((execution, value, path, info) => {
    if (!isIterable(value)) {
      const field = `${info.parentType.name}.${info.fieldName}`;
      throw new GraphQLError(`Expected Iterable, but did not find one for field "${field}".`);
    }
    const pending: Promise<unknown>[] = [];
    try {
      const completed = Array.from(value, (item, index) => {
        const one = completeOne(execution, item, { prev: path, key: index, typename: undefined }, info);
        if (isPromise(one)) pending.push(one);
        return one;
      });
      return pending.length > 0 ? Promise.all(completed) : completed;
    } catch (cause) {
      void Promise.allSettled(pending); // the list is null already; a rejection without a handler would end the process
      throw cause;
    }
  });
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function';
}

export function completeObject(selection: SelectionPlan, type: GraphQLObjectType): Complete {
  return nullable((execution, value, path, info) => executeObject(execution, { selection, type, value, path, info }));
}

interface ObjectValue {
  readonly selection: SelectionPlan;
  readonly type: GraphQLObjectType;
  readonly value: unknown;
  readonly path: Path;
  readonly info: GraphQLResolveInfo;
}

function executeObject(execution: Execution, { selection, type, value, path, info }: ObjectValue): unknown {
  const plan = selection.of(type);
  if (type.isTypeOf === undefined || type.isTypeOf === null) return executeFields(execution, plan, value, path);
  const orFail = (isOfType: boolean) => {
    if (isOfType) return executeFields(execution, plan, value, path);
    const message = `Expected value of type "${type.name}" but got: ${inspect(value)}.`;
    throw new GraphQLError(message, { nodes: info.fieldNodes });
  };
  const isOfType = type.isTypeOf(value, execution.context, info);
  return isPromise(isOfType) ? isOfType.then(orFail) : orFail(isOfType);
}

export function completeAbstract(
  selection: SelectionPlan,
  type: GraphQLAbstractType,
  resolveType: GraphQLTypeResolver<unknown, unknown>,
): Complete {
  return nullable((execution, value, path, info) => {
    const execute = (name: unknown) =>
      executeObject(execution, { selection, type: possibleType(name, type, info, value), value, path, info });
    const name = resolveType(value, execution.context, info, type);
    return isPromise(name) ? name.then(execute) : execute(name);
  });
}

/** The object type of a value of an abstract type. @throws GraphQLError with the messages of graphql-js */
function possibleType(
  name: unknown,
  type: GraphQLAbstractType,
  { schema, parentType, fieldName, fieldNodes }: GraphQLResolveInfo,
  value: unknown,
): GraphQLObjectType {
  const must = `Abstract type "${type.name}" must resolve to an Object type at runtime for field "${parentType.name}.${fieldName}"`;
  if (name === null || name === undefined) {
    const hint = `Either the "${type.name}" type should provide a "resolveType" function or each possible type should provide an "isTypeOf" function.`;
    throw new GraphQLError(`${must}. ${hint}`, { nodes: fieldNodes });
  }
  if (isObjectType(name)) {
    throw new GraphQLError(
      'Support for returning GraphQLObjectType from resolveType was removed in graphql-js@16.0.0 please return type name instead.',
    );
  }
  if (typeof name !== 'string') {
    throw new GraphQLError(`${must} with value ${inspect(value)}, received "${inspect(name)}".`);
  }
  const found = schema.getType(name);
  if (isObjectType(found) && schema.isSubType(type, found)) return found;
  const message = isObjectType(found)
    ? `Runtime Object type "${name}" is not a possible type for "${type.name}".`
    : `Abstract type "${type.name}" was resolved to ${found === undefined ? `a type "${name}" that does not exist inside the schema` : `a non-object type "${name}"`}.`;
  throw new GraphQLError(message, { nodes: fieldNodes });
}
