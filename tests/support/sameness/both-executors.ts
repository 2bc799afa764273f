import {
  execute,
  getOperationAST,
  parse,
  validate,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
} from 'graphql';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Context } from '../../../src/graphql/context.js';
import { PreparedOperation } from '../../../src/graphql/execution/prepared-operation.js';
import type { RandomDocument } from './random-document.js';
import { UNREADABLE } from './random-input.js';
import { isSameWithoutTiming } from './without-timing.js';

/** A valid document for both executors. */
export interface Prepared {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly text: string;
  readonly operationName: string | undefined;
  readonly operation: PreparedOperation;
}

/** @returns null if the document is not valid */
export function prepare(schema: GraphQLSchema, { text, operationName }: RandomDocument): Prepared | null {
  const document = parse(text);
  if (validate(schema, document).length > 0) return null;
  const node = getOperationAST(document, operationName);
  if (node === null || node === undefined) throw new Error(`no operation ${operationName} in ${text}`);
  return { schema, document, text, operationName, operation: new PreparedOperation(schema, document, node, 'plan') };
}

/** What one execution works on. */
export interface Environment {
  readonly rootValue: unknown;
  readonly context: unknown;
}

export interface Comparison {
  readonly variables: Record<string, unknown>;
  /** Called for each execution. */
  readonly environment: () => Environment;
  /** Whether the executors call different resolvers, which may fail in another sequence. */
  readonly isTimingFree?: boolean;
  /** Errors that both executions must report as the same instance. */
  readonly sharedErrors?: () => readonly unknown[];
}

export interface Outcome {
  /** Whether the variables are valid, so that the operation was executed. */
  readonly isExecuted: boolean;
  readonly errors: number;
  /** Length of the data as JSON. */
  readonly characters: number;
}

/** Collects rejections without a handler while the tests of a file run. By default they would end the process. */
export function useUnhandledRejections(): unknown[] {
  const unhandled: unknown[] = [];
  const collect = (cause: unknown) => void unhandled.push(cause);
  const listeners = process.listeners('unhandledRejection');
  beforeAll(() => {
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', collect);
  });
  afterAll(() => {
    process.removeListener('unhandledRejection', collect);
    for (const listener of listeners) process.on('unhandledRejection', listener);
  });
  return unhandled;
}

/**
 * Executes a document with graphql-js and with its prepared operation, and expects the same data, in the same sequence of
 * keys, and the same errors in the same sequence.
 *
 * @param unhandled collected rejections: graphql-js leaves some if an item of a list fails, the prepared operation none
 */
export async function expectSameResult(
  { schema, document, text, operationName, operation }: Prepared,
  { variables, environment, isTimingFree = false, sharedErrors = () => [] }: Comparison,
  unhandled: unknown[],
): Promise<Outcome> {
  const label = `${text}\n${JSON.stringify(variables)}`;
  const { rootValue, context: contextValue } = environment();
  const names = operationName === undefined ? {} : { operationName };
  const expected = await execute({ schema, document, variableValues: variables, rootValue, contextValue, ...names });
  await setImmediate(); // after it, rejections without a handler have been reported
  unhandled.length = 0;

  const coerced = operation.coerceVariables(variables);
  expect({ label, isRejected: coerced === null }).toEqual({ label, isRejected: !('data' in expected) });
  if (coerced === null) return { isExecuted: false, errors: expected.errors?.length ?? 0, characters: 0 };
  const own = environment();
  const context = own.context as Context;
  const actual = await operation.execute({ rootValue: own.rootValue, context, variables: coerced });
  await setImmediate();
  // An operation with a default that is not readable is executed by graphql-js.
  if (!text.includes(UNREADABLE)) expect({ label, unhandled }).toEqual({ label, unhandled: [] });
  const outcome = {
    isExecuted: true,
    errors: expected.errors?.length ?? 0,
    characters: JSON.stringify(expected.data).length,
  };
  if (isTimingFree && isSameWithoutTiming(actual, expected)) return outcome;
  const shared = sharedErrors();
  expect({ label, ...described(actual, shared) }).toEqual({ label, ...described(expected, shared) });
  return outcome;
}

function described({ data, errors, ...rest }: ExecutionResult, shared: readonly unknown[]) {
  expect(rest).toEqual({});
  return { data: JSON.stringify(data), errors: errors?.map((error) => describedError(error, shared)) };
}

function describedError(error: GraphQLError, shared: readonly unknown[]) {
  const { message, path, locations, extensions, originalError } = error;
  const original = { name: originalError?.name, message: originalError?.message };
  const instances = [shared.indexOf(error), shared.indexOf(originalError)];
  return { message, path, locations, extensions, original, instances };
}
