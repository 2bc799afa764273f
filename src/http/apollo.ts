import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Context } from '../graphql/context.js';
import { HTTP_STATUS, requestErrorOf, type ErrorFormatter } from '../graphql/errors.js';

const RETRY_AFTER_SECONDS = '1';

export interface ApolloOptions {
  readonly schema: GraphQLSchema;
  readonly formatError: ErrorFormatter;
  readonly maxTokens: number;
  readonly log: Logger;
}

export function createApollo({ schema, formatError, maxTokens, log }: ApolloOptions): ApolloServer<Context> {
  return new ApolloServer<Context>({
    schema,
    formatError,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false, // one ordered shutdown of our own
    parseOptions: { maxTokens },
    plugins: [ApolloServerPluginLandingPageDisabled(), statusOfFailures],
    logger: log,
  });
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
