import {
  GraphQLError,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { toGraphQLError } from '../graphql/errors.js';
import { assertReadable } from '../graphql/assert-readable.js';
import { problemOfDocument } from '../graphql/document-limits.js';
import type { PreparedDocument, PreparedDocuments } from '../graphql/execution/prepared-documents.js';
import type { PreparedOperation } from '../graphql/execution/prepared-operation.js';

export interface SubscriptionRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

export interface PreparedSubscription {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: PreparedOperation;
  readonly operationName: string | null;
  /** The maximum cost of the response to one event. */
  readonly cost: number;
  /** As given, without those that the operation does not declare. */
  readonly variableValues: Record<string, unknown>;
}

export interface DocumentLimits {
  readonly maxTokens: number;
  readonly maxCost: number;
}

/**
 * Parses and validates subscription documents and checks their limits. Websockets carry subscriptions only. Requests with
 * the same text share one prepared document.
 */
export function createSubscriptionDocuments(
  schema: GraphQLSchema,
  documents: PreparedDocuments,
  { maxTokens, maxCost }: DocumentLimits,
) {
  function documentOf(query: string): PreparedDocument | readonly GraphQLError[] {
    const existing = documents.get(query);
    if (existing !== undefined) return existing;
    const document = parsed(schema, query, maxTokens);
    return 'kind' in document ? documents.add(document) : document;
  }

  return (request: SubscriptionRequest): PreparedSubscription | readonly GraphQLError[] => {
    const { query, operationName = null, variables } = request;
    const prepared = documentOf(query);
    if (!('document' in prepared)) return prepared;
    const operation = prepared.operation(operationName);
    if (operation === null) return [operationNotFound(operationName)];
    const problems = problemsOf(operation, variables ?? {}, maxCost);
    if (problems.length > 0) return problems;
    const { document } = prepared;
    const cost = operation.cost.of(variables ?? {}).requested;
    return { schema, document, operation, operationName, cost, variableValues: operation.declaredOf(variables ?? {}) };
  };
}

function parsed(schema: GraphQLSchema, query: string, maxTokens: number): DocumentNode | readonly GraphQLError[] {
  const problem = problemOfDocument(query, maxTokens);
  if (problem !== null) return [withCode(new GraphQLError(problem), 'GRAPHQL_VALIDATION_FAILED')];
  let document;
  try {
    document = parse(query, { maxTokens });
  } catch (cause) {
    return [withCode(toGraphQLError(cause), 'GRAPHQL_PARSE_FAILED')];
  }
  const errors = validate(schema, document, specifiedRules);
  return errors.length === 0 ? document : errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED'));
}

function problemsOf(
  operation: PreparedOperation,
  variables: Readonly<Record<string, unknown>>,
  maxCost: number,
): readonly GraphQLError[] {
  if (operation.kind !== OperationTypeNode.SUBSCRIPTION) {
    const message = 'Websockets accept subscriptions only. Send queries and mutations over HTTP.';
    return [withCode(new GraphQLError(message), 'BAD_REQUEST')];
  }
  try {
    assertReadable(variables); // before coercion, whose work grows with the values
    operation.cost.assertAffordable(variables, maxCost);
  } catch (cause) {
    return [withCode(toGraphQLError(cause), 'BAD_USER_INPUT')];
  }
  if (operation.coerceVariables(variables) !== null) return [];
  return operation.problemsOf(variables).map((error) => withCode(error, 'BAD_USER_INPUT'));
}

function operationNotFound(operationName: string | null): GraphQLError {
  const message =
    typeof operationName === 'string'
      ? `The document has no operation named "${operationName}".`
      : 'operationName is required, because the document does not have exactly one operation.';
  return withCode(new GraphQLError(message), 'OPERATION_RESOLUTION_FAILURE');
}

export function withCode(error: GraphQLError, code: string): GraphQLError {
  const { message, nodes, source, positions, path, originalError } = error;
  return new GraphQLError(message, { nodes, source, positions, path, originalError, extensions: { code } } as never);
}
