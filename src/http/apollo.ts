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
    stopOnTerminationSignals: false, // one ordered shutdown of our own
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

/** Apollo's own store counts what a document says, not the comments and texts that it keeps. */
function createDocumentStore(): NonNullable<ApolloServerOptions<Context>['documentStore']> {
  const cache = new DocumentCache();
  return {
    get: (key) => Promise.resolve(cache.get(key)),
    set: (key, document) => Promise.resolve(cache.set(key, document)),
    delete: (key) => Promise.resolve(cache.delete(key)),
  };
}

/** What is rejected before anything of a request is run. */
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
 * Apollo takes the extension as it comes, and fails unexpectedly on a hash that is no text. It rejects every version but 1,
 * so a malformed extension becomes one of another version.
 */
function makePersistedQueryReadable(request: GraphQLRequest): void {
  const given: unknown = request.extensions?.['persistedQuery'];
  if (given === undefined || given === null) return;
  const { version, sha256Hash } = given as { readonly version?: unknown; readonly sha256Hash?: unknown };
  const isWellFormed = version === 1 && typeof sha256Hash === 'string' && /^[0-9a-f]{64}$/i.test(sha256Hash);
  if (!isWellFormed) request.extensions = { ...request.extensions, persistedQuery: { version: 0 } };
}

/** No error beside a stored write may read as if nothing had been stored. */
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
 * A request of which nothing succeeded says so in its HTTP status, for proxies and load balancers. A mutation that is stored
 * always has a payload, so no status invites another try of it. Where nobody knows whether a write was
 * stored, no Retry-After does either.
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
