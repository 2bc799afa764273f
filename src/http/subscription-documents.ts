import {
  getOperationAST,
  getVariableValues,
  GraphQLError,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { toGraphQLError } from '../graphql/errors.js';
import { assertReadable } from '../graphql/arguments.js';
import { assertAffordable } from '../graphql/cost.js';
import { conditionalSubscription } from '../graphql/conditional-subscription.js';
import { problemOfDocument } from '../graphql/document-limits.js';
import { DocumentCache } from './document-cache.js';

export interface SubscriptionRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

export interface PreparedSubscription {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName: string | null;
  readonly variableValues: Record<string, unknown>;
}

export interface DocumentLimits {
  readonly maxTokens: number;
  readonly maxCost: number;
}

/**
 * Parses and validates subscription documents and checks their limits. Websockets carry subscriptions only. Subscriptions
 * with the same text share one parsed document.
 */
export function createSubscriptionDocuments(schema: GraphQLSchema, { maxTokens, maxCost }: DocumentLimits) {
  const known = new DocumentCache();

  function documentOf(query: string): DocumentNode | readonly GraphQLError[] {
    const existing = known.get(query);
    if (existing !== undefined) return existing;
    const document = parsed(schema, query, maxTokens);
    if ('kind' in document) known.set(query, document);
    return document;
  }

  return (request: SubscriptionRequest): PreparedSubscription | readonly GraphQLError[] => {
    const { query, operationName, variables } = request;
    const document = documentOf(query);
    if (!('kind' in document)) return document;
    const problem = problemOf(schema, document, request, maxCost);
    if (problem !== null) return problem;
    const variableValues = declaredOf(document, operationName, variables ?? {});
    return { schema, document, operationName: operationName ?? null, variableValues };
  };
}

/** The variables that the operation declares. Others are dropped, because a subscription keeps its variables in memory. */
function declaredOf(
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const names = getOperationAST(document, operationName)?.variableDefinitions?.map(
    ({ variable }) => variable.name.value,
  );
  const declared = (names ?? []).filter((name) => Object.hasOwn(variables, name));
  return Object.fromEntries(declared.map((name) => [name, variables[name]]));
}

function parsed(schema: GraphQLSchema, query: string, maxTokens: number): DocumentNode | readonly GraphQLError[] {
  const problem = problemOfDocument(query);
  if (problem !== null) return [withCode(new GraphQLError(problem), 'GRAPHQL_VALIDATION_FAILED')];
  let document;
  try {
    document = parse(query, { maxTokens });
  } catch (cause) {
    return [withCode(toGraphQLError(cause), 'GRAPHQL_PARSE_FAILED')];
  }
  const conditional = conditionalSubscription(document); // the validation rules of graphql-js throw on it
  const errors = conditional === null ? validated(schema, document) : [conditional];
  return errors.length === 0 ? document : errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED'));
}

/** Cycles of many fragments overflow the stack of graphql-js before it reports them. */
function validated(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  try {
    return validate(schema, document, specifiedRules);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    return [new GraphQLError('The document is too complex to be validated. Its fragments may form a cycle.')];
  }
}

function problemOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  { operationName, variables }: SubscriptionRequest,
  maxCost: number,
): readonly GraphQLError[] | null {
  const operation = getOperationAST(document, operationName);
  if (operation === null || operation === undefined) return [operationNotFound(operationName)];
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) {
    const message = 'Websockets accept subscriptions only. Send queries and mutations over HTTP.';
    return [withCode(new GraphQLError(message), 'BAD_REQUEST')];
  }
  try {
    assertReadable(variables ?? {}); // before coercion, whose work grows with the values
    assertAffordable(schema, document, { variables: variables ?? {}, operationName, maxCost });
  } catch (cause) {
    return [withCode(toGraphQLError(cause), 'BAD_USER_INPUT')];
  }
  const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {});
  return coerced.errors?.map((error) => withCode(error, 'BAD_USER_INPUT')) ?? null;
}

function operationNotFound(operationName: string | null | undefined): GraphQLError {
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
