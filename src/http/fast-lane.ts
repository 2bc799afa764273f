import { OperationTypeNode, type ExecutionResult, type GraphQLError } from 'graphql';
import type { Viewer } from '../domain/viewer.js';
import type { RequestCost } from '../graphql/cost.js';
import { toGraphQLError, type ErrorFormatter } from '../graphql/errors.js';
import type { Variables } from '../graphql/argument-cost.js';
import type { PreparedDocuments } from '../graphql/execution/prepared-documents.js';
import type { PreparedOperation } from '../graphql/execution/prepared-operation.js';
import type { FinishedResponse, FinishResponse } from './finish-response.js';
import type { HttpContext } from './http-context.js';

export interface FastLaneOptions {
  readonly documents: PreparedDocuments;
  readonly formatError: ErrorFormatter;
  readonly finish: FinishResponse;
  readonly maxCost: number;
}

/** A request that is valid and within all limits. */
export interface AcceptedRequest {
  readonly operation: PreparedOperation;
  /** Coerced. */
  readonly variables: Variables;
  readonly cost: RequestCost;
}

/** Executes requests of known documents without Apollo's pipeline, with the same response. */
export interface FastLane {
  /** @returns null if Apollo has to answer: the document is not known, or the request is unusual or will be rejected */
  accept(body: unknown, viewer: Viewer): AcceptedRequest | null;
  answer(request: AcceptedRequest, context: HttpContext): Promise<FinishedResponse>;
}

export function createFastLane({ documents, formatError, finish, maxCost }: FastLaneOptions): FastLane {
  const format = (error: GraphQLError) => formatError(error.toJSON(), error);
  return {
    accept(body, viewer) {
      const request = readRequest(body);
      if (request === null) return null;
      const { query, operationName, inputs } = request;
      const operation = documents.get(query)?.operation(operationName) ?? null;
      if (operation === null || operation.kind === OperationTypeNode.SUBSCRIPTION) return null;
      const cost = costOf(operation, inputs, { maxCost, viewer });
      if (cost === null) return null;
      const variables = operation.coerceVariables(inputs);
      return variables === null ? null : { operation, variables, cost };
    },
    async answer({ operation, variables, cost }, context) {
      Object.assign(context.outcome, { operation, cost });
      const { errors, ...result } = await executed(operation, variables, context);
      if (errors === undefined) return finish(result, context);
      const finished = finish({ ...result, errors: errors.map(format) }, context);
      context.outcome.errors = finished.result.errors;
      return finished;
    },
  };
}

interface FastRequest {
  readonly query: string;
  readonly operationName: string | null;
  readonly inputs: Variables;
}

const NO_INPUTS: Variables = {};

/** A request with the usual members only; null for any other. */
function readRequest(body: unknown): FastRequest | null {
  if (!isObject(body)) return null;
  const { query, operationName = null, variables, extensions = null } = body;
  if (typeof query !== 'string' || extensions !== null) return null;
  if (operationName !== null && typeof operationName !== 'string') return null;
  const inputs = variables ?? NO_INPUTS;
  return isObject(inputs) ? { query, operationName, inputs } : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The cost of a request; null if it is beyond a limit or forbidden. It is then checked again by Apollo's path, which
 * reports it.
 */
function costOf(
  operation: PreparedOperation,
  inputs: Variables,
  { maxCost, viewer }: { readonly maxCost: number; readonly viewer: Viewer },
): RequestCost | null {
  try {
    return operation.admit(viewer, inputs, maxCost);
  } catch {
    return null;
  }
}

/** The executor reports errors of resolvers in its result; it throws only where graphql-js would. */
async function executed(
  operation: PreparedOperation,
  variables: Variables,
  context: HttpContext,
): Promise<ExecutionResult> {
  try {
    return await operation.execute({ rootValue: undefined, context, variables });
  } catch (cause) {
    return { errors: [toGraphQLError(cause)] };
  }
}
