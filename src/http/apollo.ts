import { ApolloServer, type ApolloServerOptions, type ApolloServerPlugin, type GraphQLRequest } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import {
  execute,
  GraphQLError,
  OperationTypeNode,
  type FormattedExecutionResult,
  type GraphQLSchema,
  type ValidationRule,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { ErrorFormatter } from '../graphql/errors.js';
import type { PreparedDocuments } from '../graphql/execution/prepared-documents.js';
import { serialize, type FinishResponse } from './finish-response.js';
import type { HttpContext } from './http-context.js';
import { traceOperation } from './request-spans.js';

export interface ApolloOptions {
  readonly schema: GraphQLSchema;
  readonly documents: PreparedDocuments;
  readonly formatError: ErrorFormatter;
  readonly finish: FinishResponse;
  /** Besides those of the specification. */
  readonly rules: readonly ValidationRule[];
  readonly maxTokens: number;
  readonly maxCost: number;
  readonly log: Logger;
}

export function createApollo(options: ApolloOptions): ApolloServer<HttpContext> {
  const { schema, documents, formatError, finish, rules, maxTokens, maxCost, log } = options;
  const texts = new WeakMap<object, string>(); // a finished response is not serialised again
  return new ApolloServer<HttpContext>({
    ...(documents.executor === 'plan' ? { gateway: executeIn(documents, schema) } : { schema }),
    formatError,
    introspection: true, // `rules` may reject it
    validationRules: [...rules],
    csrfPrevention: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false, // app.ts closes everything in order
    parseOptions: { maxTokens },
    documentStore: storeIn(documents),
    stringifyResult: (result) => texts.get(identityOf(result)) ?? serialize(result),
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(), // it would instrument every field
      rejectBeforehand(documents, maxCost),
      finishResponses(finish, texts),
    ],
    logger: log,
  });
}

/** Lets Apollo execute the prepared documents. Apollo calls every executor but its own a gateway. */
function executeIn(
  documents: PreparedDocuments,
  schema: GraphQLSchema,
): NonNullable<ApolloServerOptions<HttpContext>['gateway']> {
  return {
    onSchemaLoadOrUpdate(callback) {
      callback({ apiSchema: schema, coreSupergraphSdl: '' });
      return () => undefined;
    },
    load: () =>
      Promise.resolve({
        executor: async ({ document, request, context }) => {
          const { operationName } = request; // Apollo executes requests of unknown operations too, for the error
          const operation = documents.of(document).operation(operationName);
          if (operation === null) return execute({ schema, document, operationName: operationName ?? null }) as never;
          const inputs = request.variables ?? {};
          const variables = operation.coerceVariables(inputs);
          if (variables === null) return { errors: operation.problemsOf(inputs) };
          return operation.execute({ rootValue: undefined, context: context as HttpContext, variables }) as never;
        },
      }),
    stop: () => Promise.resolve(),
  };
}

/** Maximum number of hashes of documents. */
const MAX_HASHES = 2_000;

/** Lets Apollo use the prepared documents in place of a cache of its own. */
function storeIn(documents: PreparedDocuments): NonNullable<ApolloServerOptions<HttpContext>['documentStore']> {
  const textOf = new LRUCache<string, string>({ max: MAX_HASHES });
  return {
    get: (hash) => Promise.resolve(documents.get(textOf.get(hash) ?? '')?.document),
    set(hash, document) {
      textOf.set(hash, documents.add(document).text);
      return Promise.resolve();
    },
    delete: (hash) => Promise.resolve(textOf.delete(hash)),
  };
}

/** Rejects requests before execution. */
function rejectBeforehand(documents: PreparedDocuments, maxCost: number): ApolloServerPlugin<HttpContext> {
  return {
    requestDidStart({ request }) {
      makePersistedQueryReadable(request);
      return Promise.resolve({
        async didResolveOperation({ document, operationName, contextValue }) {
          const operation = documents.of(document).operation(operationName);
          if (operation === null) return; // Apollo reports it
          contextValue.outcome.operation = operation;
          traceOperation(operation);
          if (operation.kind === OperationTypeNode.SUBSCRIPTION) {
            const message = 'Subscriptions require a websocket (graphql-transport-ws) to the same URL.';
            throw new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } });
          }
          const { variables = {} } = request;
          const cost = operation.admit(contextValue.caller.viewer, variables, maxCost);
          if (operation.coerceVariables(variables) === null) return; // the executor reports it
          await contextValue.charge?.takeRequested(cost.requested);
          contextValue.outcome.cost = cost;
        },
      });
    },
  };
}

/**
 * Apollo fails unexpectedly on a hash that is not a string, but rejects every version other than 1. A malformed extension
 * is therefore turned into one of version 0.
 */
function makePersistedQueryReadable(request: GraphQLRequest): void {
  const given: unknown = request.extensions?.['persistedQuery'];
  if (given === undefined || given === null) return;
  const { version, sha256Hash } = given as { readonly version?: unknown; readonly sha256Hash?: unknown };
  const isWellFormed = version === 1 && typeof sha256Hash === 'string' && /^[0-9a-f]{64}$/i.test(sha256Hash);
  if (!isWellFormed) request.extensions = { ...request.extensions, persistedQuery: { version: 0 } };
}

function finishResponses(finish: FinishResponse, texts: WeakMap<object, string>): ApolloServerPlugin<HttpContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse({ response, contextValue }) {
          const { body, http } = response;
          if (body.kind !== 'single') return Promise.resolve();
          const { result, text, status, headers } = finish(body.singleResult, contextValue);
          body.singleResult = result;
          contextValue.outcome.errors = result.errors;
          texts.set(identityOf(result), text);
          if (status !== null) http.status = status;
          for (const [name, value] of Object.entries(headers)) http.headers.set(name, value);
          return Promise.resolve();
        },
      }),
  };
}

/** Apollo makes a shallow copy of a result before serialising it. */
function identityOf(result: FormattedExecutionResult): object {
  return result.data ?? result.errors ?? result;
}
