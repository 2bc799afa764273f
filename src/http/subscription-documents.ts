import { GraphQLError, OperationTypeNode, type DocumentNode, type GraphQLSchema } from 'graphql';
import type { Viewer } from '../domain/viewer.js';
import { toGraphQLError, withCode } from '../graphql/errors.js';
import type { PreparedDocument, PreparedDocuments } from '../graphql/execution/prepared-documents.js';
import type { PreparedOperation } from '../graphql/execution/prepared-operation.js';
import { readDocument, type DocumentRules } from '../graphql/read-document.js';
import { NOT_TRUSTED, type TrustedDocuments } from './trusted-documents.js';

export interface SubscriptionRequest {
  readonly query: string;
  /** The id of a trusted document, with an empty query. The extension of Apollo's persisted queries may have it too. */
  readonly documentId?: unknown;
  readonly extensions?: unknown;
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

export interface SubscriptionLimits extends DocumentRules {
  readonly maxCost: number;
  /** Null if any document is executed. */
  readonly trusted: TrustedDocuments | null;
}

/**
 * Parses and validates subscription documents and checks their limits. Websockets carry subscriptions only. Requests with
 * the same text share one prepared document.
 */
export function createSubscriptionDocuments(
  schema: GraphQLSchema,
  documents: PreparedDocuments,
  { trusted, maxCost, ...rules }: SubscriptionLimits,
) {
  function documentOf(query: string): PreparedDocument | readonly GraphQLError[] {
    const existing = documents.get(query);
    if (existing !== undefined) return existing;
    const document = readDocument(schema, query, rules);
    return 'kind' in document ? documents.add(document) : document;
  }

  return (request: SubscriptionRequest, viewer: Viewer): PreparedSubscription | readonly GraphQLError[] => {
    const { operationName = null, variables } = request;
    const query = trusted === null ? request.query : trusted.textFor(request);
    if (query === null) return [withCode(new GraphQLError(NOT_TRUSTED), 'DOCUMENT_NOT_TRUSTED')];
    const prepared = documentOf(query);
    if (!('document' in prepared)) return prepared;
    const operation = prepared.operation(operationName);
    if (operation === null) return [operationNotFound(operationName)];
    const cost = costOf(operation, variables ?? {}, { maxCost, viewer });
    if (typeof cost !== 'number') return cost;
    const { document } = prepared;
    return { schema, document, operation, operationName, cost, variableValues: operation.declaredOf(variables ?? {}) };
  };
}

/** The requested cost of a subscription, or why it is rejected. */
function costOf(
  operation: PreparedOperation,
  variables: Readonly<Record<string, unknown>>,
  { maxCost, viewer }: { readonly maxCost: number; readonly viewer: Viewer },
): number | readonly GraphQLError[] {
  if (operation.kind !== OperationTypeNode.SUBSCRIPTION) {
    const message = 'Websockets accept subscriptions only. Send queries and mutations over HTTP.';
    return [withCode(new GraphQLError(message), 'BAD_REQUEST')];
  }
  let cost: number;
  try {
    cost = operation.admit(viewer, variables, maxCost).requested;
  } catch (cause) {
    return [withCode(toGraphQLError(cause), 'BAD_USER_INPUT')];
  }
  if (operation.coerceVariables(variables) !== null) return cost;
  return operation.problemsOf(variables).map((error) => withCode(error, 'BAD_USER_INPUT'));
}

function operationNotFound(operationName: string | null): GraphQLError {
  const message =
    typeof operationName === 'string'
      ? `The document has no operation named "${operationName}".`
      : 'operationName is required, because the document does not have exactly one operation.';
  return withCode(new GraphQLError(message), 'OPERATION_RESOLUTION_FAILURE');
}
