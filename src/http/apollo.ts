import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { GraphQLError, OperationTypeNode, type GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import { assertStorable } from '../graphql/arguments.js';
import type { Context } from '../graphql/context.js';
import { assertAffordable } from '../graphql/cost.js';
import { HTTP_STATUS, requestErrorOf, type ErrorFormatter } from '../graphql/errors.js';

const RETRY_AFTER_SECONDS = '1';

export interface ApolloOptions {
  readonly schema: GraphQLSchema;
  readonly formatError: ErrorFormatter;
  readonly maxTokens: number;
  readonly maxCost: number;
  readonly log: Logger;
}

export function createApollo({ schema, formatError, maxTokens, maxCost, log }: ApolloOptions): ApolloServer<Context> {
  return new ApolloServer<Context>({
    schema,
    formatError,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false, // one ordered shutdown of our own
    parseOptions: { maxTokens },
    plugins: [ApolloServerPluginLandingPageDisabled(), refuseBeforehand(schema, maxCost), statusOfFailures],
    logger: log,
  });
}

/** What has to be refused before anything of a request is run. */
function refuseBeforehand(schema: GraphQLSchema, maxCost: number): ApolloServerPlugin<Context> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        didResolveOperation({ request, document, operation }) {
          if (operation?.operation === OperationTypeNode.SUBSCRIPTION) {
            const message = 'Subscriptions go over a websocket (graphql-transport-ws) at this address.';
            throw new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } });
          }
          const { variables = {}, operationName } = request;
          assertStorable(variables, '');
          assertAffordable(schema, document, { variables, operationName, maxCost });
          return Promise.resolve();
        },
      }),
  };
}

/** A request of which nothing succeeded says so in its HTTP status, for proxies and load balancers. */
const statusOfFailures: ApolloServerPlugin<Context> = {
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse({ errors, response }) {
        const failure = errors?.map(requestErrorOf).find((error) => error !== null);
        const data = response.body.kind === 'single' ? response.body.singleResult.data : null;
        const nothing = data === null || data === undefined || Object.values(data).every((value) => value === null);
        if (failure !== undefined && failure !== null && nothing) {
          const status = HTTP_STATUS[failure.code];
          response.http.status = status;
          if (status === 503) response.http.headers.set('retry-after', RETRY_AFTER_SECONDS);
        }
        return Promise.resolve();
      },
    }),
};
