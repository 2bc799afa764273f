import { ApolloServer, type ApolloServerOptions, type ApolloServerPlugin, type GraphQLRequest } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { GraphQLError, OperationTypeNode, type GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import { assertReadable } from '../graphql/arguments.js';
import type { Context } from '../graphql/context.js';
import { assertAffordable } from '../graphql/cost.js';
import { HTTP_STATUS, readAfterWrite, type ErrorFormatter } from '../graphql/errors.js';
import { DocumentCache } from './document-cache.js';
import { createResponseBound } from './response-bound.js';

const RETRY_AFTER_SECONDS = '1';

export interface ApolloOptions {
  readonly schema: GraphQLSchema;
  readonly formatError: ErrorFormatter;
  readonly maxTokens: number;
  readonly maxCost: number;
  readonly maxResponseBytes: number;
  readonly log: Logger;
}

export function createApollo(options: ApolloOptions): ApolloServer<Context> {
  const { schema, formatError, maxTokens, maxCost, maxResponseBytes, log } = options;
  const bound = createResponseBound(maxResponseBytes);
  return new ApolloServer<Context>({
    schema,
    formatError,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false, // app.ts closes everything in order
    parseOptions: { maxTokens },
    documentStore: createDocumentStore(),
    stringifyResult: bound.stringify,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      rejectBeforehand(schema, maxCost),
      wordReadsAfterWrites,
      statusOfFailures,
      bound.plugin,
    ],
    logger: log,
  });
}

/** Replaces Apollo's store, which measures a document without its comments and strings. */
function createDocumentStore(): NonNullable<ApolloServerOptions<Context>['documentStore']> {
  const cache = new DocumentCache();
  return {
    get: (key) => Promise.resolve(cache.get(key)),
    set: (key, document) => Promise.resolve(cache.set(key, document)),
    delete: (key) => Promise.resolve(cache.delete(key)),
  };
}

/** Rejects requests before execution. */
function rejectBeforehand(schema: GraphQLSchema, maxCost: number): ApolloServerPlugin<Context> {
  return {
    requestDidStart({ request }) {
      makePersistedQueryReadable(request);
      return Promise.resolve({
        didResolveOperation({ document, operation }) {
          if (operation?.operation === OperationTypeNode.SUBSCRIPTION) {
            const message = 'Subscriptions require a websocket (graphql-transport-ws) to the same URL.';
            throw new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } });
          }
          const { variables = {}, operationName } = request;
          assertReadable(variables);
          assertAffordable(schema, document, { variables, operationName, maxCost });
          return Promise.resolve();
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

/** Rewords errors of reads that follow a stored write, so that none of them suggests that nothing was stored. */
const wordReadsAfterWrites: ApolloServerPlugin<Context> = {
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse({ response: { body }, contextValue: { stored } }) {
        const { errors } = body.kind === 'single' ? body.singleResult : {};
        if (body.kind === 'single' && errors !== undefined && stored.size > 0) {
          body.singleResult.errors = errors.map((error) =>
            stored.has(error.path?.[0] ?? '') ? readAfterWrite(error) : error,
          );
        }
        return Promise.resolve();
      },
    }),
};

/**
 * Sets an HTTP error status if no field of the request succeeded, for proxies and load balancers. A stored mutation always
 * has a payload, so no status invites a retry of it. A write with an unknown outcome gets no Retry-After.
 */
const statusOfFailures: ApolloServerPlugin<Context> = {
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse({ response }) {
        if (response.body.kind !== 'single') return Promise.resolve();
        const { data, errors } = response.body.singleResult;
        const nothing = data === null || data === undefined || Object.values(data).every((value) => value === null);
        const status = errors?.map(({ extensions }) => HTTP_STATUS.get(String(extensions?.['code']))).find(Boolean);
        if (status !== undefined && nothing) {
          response.http.status = status;
          const isUnknown = errors?.some(({ extensions }) => extensions?.['outcome'] === 'UNKNOWN');
          if (status === 503 && isUnknown !== true) response.http.headers.set('retry-after', RETRY_AFTER_SECONDS);
        }
        return Promise.resolve();
      },
    }),
};
