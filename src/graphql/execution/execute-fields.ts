import {
  defaultFieldResolver,
  locatedError,
  OperationTypeNode,
  type ExecutionResult,
  type FieldNode,
  type GraphQLError,
  type GraphQLResolveInfo,
} from 'graphql';
import type { Variables } from '../argument-cost.js';
import { isPromise } from './is-promise.js';
import type { FieldPlan, ObjectPlan } from './plan.js';

/** The position of a value in the response, as graphql-js passes it to resolvers. */
export type Path = GraphQLResolveInfo['path'];

/** One execution of an operation. */
export interface Execution {
  readonly rootValue: unknown;
  readonly context: unknown;
  /** Coerced. */
  readonly variables: Variables;
  readonly errors: CollectedErrors;
}

/** The errors of a response. An error within a part that is already null is not reported, as in graphql-js. */
export class CollectedErrors {
  readonly list: GraphQLError[] = [];
  readonly #nulled = new Set<Path | undefined>();

  add(error: GraphQLError, path: Path | undefined): void {
    if (this.#isWithinNull(path)) return;
    this.#nulled.add(path);
    this.list.push(error);
  }

  #isWithinNull(start: Path | undefined): boolean {
    if (this.#nulled.size === 0) return false;
    for (let path = start; path !== undefined; path = path.prev) if (this.#nulled.has(path)) return true;
    return this.#nulled.has(undefined);
  }
}

/**
 * Executes a planned operation with the same result as `execute` of graphql-js.
 *
 * @param planOf fails as graphql-js does if a condition of a directive is not valid
 */
export function executePlan(
  planOf: () => ObjectPlan,
  operation: OperationTypeNode,
  request: Omit<Execution, 'errors'>,
): ExecutionResult | Promise<ExecutionResult> {
  const errors = new CollectedErrors();
  const execution = { ...request, errors };
  const respond = (data: unknown) =>
    (errors.list.length === 0 ? { data } : { errors: errors.list, data }) as ExecutionResult;
  const fail = (cause: unknown) => {
    errors.add(cause as GraphQLError, undefined);
    return respond(null);
  };
  try {
    const plan = planOf();
    const data =
      operation === OperationTypeNode.MUTATION
        ? executeSerially(execution, plan)
        : executeFields(execution, plan, request.rootValue, undefined);
    return isPromise(data) ? data.then(respond, fail) : respond(data);
  } catch (cause) {
    return fail(cause);
  }
}

type Result = Record<string, unknown>;

/** Each field begins when the one before has ended. */
function executeSerially(execution: Execution, { fields, createResult }: ObjectPlan): Result | Promise<Result> {
  const result = createResult();
  let before: Promise<Result> | null = null;
  for (const field of fields) {
    const run = (): Result | Promise<Result> => {
      const value = executeField(execution, field, execution.rootValue, undefined);
      if (isPromise(value)) {
        return value.then((resolved) => {
          result[field.responseName] = resolved;
          return result;
        });
      }
      result[field.responseName] = value;
      return result;
    };
    if (before !== null) before = before.then(run);
    else {
      const ran = run();
      if (isPromise(ran)) before = ran;
    }
  }
  return before ?? result;
}

/** @returns the object of the response, or a promise of it if a field has one */
export function executeFields(
  execution: Execution,
  { fields, createResult }: ObjectPlan,
  source: unknown,
  path: Path | undefined,
): Result | Promise<Result> {
  const result = createResult();
  let pending: { readonly name: string; readonly value: Promise<unknown> }[] | null = null;
  try {
    for (const field of fields) {
      const value = executeField(execution, field, source, path);
      result[field.responseName] = value; // keeps the sequence of the fields, even if it is a promise
      if (typeof value === 'object' && isPromise(value)) (pending ??= []).push({ name: field.responseName, value });
    }
  } catch (cause) {
    if (pending === null) throw cause;
    return whenSettled(result, pending).finally(() => {
      throw cause; // the promises of the other fields may be rejected too, so they are awaited
    });
  }
  return pending === null ? result : whenSettled(result, pending);
}

async function whenSettled(
  result: Result,
  pending: readonly { readonly name: string; readonly value: Promise<unknown> }[],
): Promise<Result> {
  const values = await Promise.all(pending.map(({ value }) => value));
  for (const [index, { name }] of pending.entries()) result[name] = values[index];
  return result;
}

function executeField(execution: Execution, field: FieldPlan, source: unknown, parent: Path | undefined): unknown {
  if (field.leaf !== null) {
    const value = serializeProperty(field, source);
    if (value !== undefined) return value;
  }
  const path: Path = { prev: parent, key: field.responseName, typename: field.parentType.name };
  try {
    const info = infoOf(execution, field, path);
    const args = field.argumentsOf(execution.variables);
    const value = (field.resolve ?? defaultFieldResolver)(source, args, execution.context, info);
    const completed = isPromise(value)
      ? value.then((resolved) => field.complete(execution, resolved, path, info))
      : field.complete(execution, value, path, info);
    if (!isPromise(completed)) return completed;
    return completed.then(undefined, (cause: unknown) =>
      handleError(execution, cause, path, field.nodes, field.isNullable),
    );
  } catch (cause) {
    return handleError(execution, cause, path, field.nodes, field.isNullable);
  }
}

/** The value of a leaf that is a plain property; undefined if it needs more than that, or fails. */
function serializeProperty({ leaf, name, isNullable }: FieldPlan, source: unknown): unknown {
  if (typeof source !== 'object' || source === null || leaf === null) return undefined;
  try {
    const value = (source as Result)[name];
    if (value === null || value === undefined) return isNullable ? null : undefined;
    if (typeof value === 'function' || (typeof value === 'object' && !(value instanceof Date))) return undefined;
    return leaf.serialize(value) ?? undefined;
  } catch {
    return undefined; // read and serialized again, which reports the error with its path
  }
}

function infoOf({ rootValue, variables }: Execution, field: FieldPlan, path: Path): GraphQLResolveInfo {
  const { scope, name, nodes, returnType, parentType } = field;
  return {
    fieldName: name,
    fieldNodes: nodes,
    returnType,
    parentType,
    path,
    schema: scope.schema,
    fragments: scope.fragments,
    rootValue,
    operation: scope.operation,
    variableValues: variables,
  };
}

/** @returns null for a nullable value @throws GraphQLError that makes the value around it null */
export function handleError(
  execution: Execution,
  cause: unknown,
  path: Path,
  nodes: readonly FieldNode[],
  isNullable: boolean,
): null {
  const error = locatedError(cause, nodes, pathToArray(path));
  if (!isNullable) throw error;
  execution.errors.add(error, path);
  return null;
}

function pathToArray(path: Path): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let current: Path | undefined = path; current !== undefined; current = current.prev) keys.push(current.key);
  return keys.toReversed();
}
