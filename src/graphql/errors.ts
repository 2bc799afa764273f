import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { REQUEST_ERRORS, RequestError } from '../domain/errors.js';
import { toError } from '../domain/to-error.js';

/** HTTP status of a request that failed as a whole, by the code of its error; the others are answers. */
export const HTTP_STATUS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(REQUEST_ERRORS).map(([code, { status }]) => [code, status] as const),
  ['INTERNAL_SERVER_ERROR', 500],
]);

/** Codes of GraphQL and Apollo themselves, whose messages tell clients about their own request. */
const OWN_REQUEST = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'THROTTLED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

/** How graphql-js ends the list of what is wrong with the variables. */
const TOO_MANY_ERRORS = 'Too many errors processing variables';

/** Apollo's own words for a persisted query that it does not take, which it gives no code. */
const PERSISTED_QUERY_MESSAGES: ReadonlyMap<string, string> = new Map([
  [
    'Unsupported persisted query version',
    'extensions.persistedQuery must have version 1 and sha256Hash, the SHA-256 of the query as 64 hexadecimal digits.',
  ],
  ['provided sha does not match query', 'extensions.persistedQuery.sha256Hash must be the SHA-256 of the query.'],
]);

/** The expected failure that an error stands for, if it does. */
export function requestErrorOf(error: unknown): RequestError | null {
  if (error instanceof RequestError) return error;
  if (error instanceof GraphQLError && error.originalError !== undefined) return requestErrorOf(error.originalError);
  return null;
}

/** What was thrown, as the error of a response. */
export function toGraphQLError(thrown: unknown): GraphQLError {
  if (thrown instanceof GraphQLError) return thrown;
  const originalError = toError(thrown);
  return new GraphQLError(originalError.message, { originalError });
}

/** Logs an unexpected failure. @returns the correlation id it was logged under */
export type Report = (error: unknown) => string;

/**
 * The one place where errors become what clients see: expected ones keep their message and get their code; all others
 * are masked and logged under a correlation id that the client is told.
 */
export function createErrorFormatter(report: Report) {
  return (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const { locations, path } = formatted;
    const where = { ...(locations === undefined ? {} : { locations }), ...(path === undefined ? {} : { path }) };
    const expected = requestErrorOf(error);
    if (expected !== null) {
      return {
        message: shortened(expected.message),
        ...where,
        extensions: { code: expected.code, ...expected.details },
      };
    }
    const code = formatted.extensions?.['code'];
    if (typeof code === 'string' && OWN_REQUEST.has(code)) {
      return { message: shortened(formatted.message), ...where, extensions: { code } };
    }
    const persisted = PERSISTED_QUERY_MESSAGES.get(formatted.message);
    if (persisted !== undefined) return { message: persisted, extensions: { code: 'BAD_REQUEST' } };
    if (formatted.message.startsWith(TOO_MANY_ERRORS))
      return { message: shortened(formatted.message), extensions: { code: 'BAD_USER_INPUT' } };
    if (isArgumentError(error)) {
      return { message: shortened(formatted.message), ...where, extensions: { code: 'BAD_USER_INPUT' } };
    }
    const correlationId = report(error);
    const message = 'Something went wrong on the server.';
    return { message, ...where, extensions: { code: 'INTERNAL_SERVER_ERROR', correlationId } };
  };
}

/** graphql-js gives no code to arguments that turn out wrong while it runs, such as null where a variable may be null. */
function isArgumentError(error: unknown): boolean {
  if (!(error instanceof GraphQLError) || !error.message.startsWith('Argument "')) return false;
  return error.originalError === undefined || error.originalError instanceof GraphQLError;
}

export type ErrorFormatter = ReturnType<typeof createErrorFormatter>;

const MOST_SHOWN = 500;

/** Messages of graphql-js repeat what was sent, however long it is; what they say of it stands at either end. */
function shortened(message: string): string {
  if (message.length <= MOST_SHOWN) return message;
  return `${message.slice(0, MOST_SHOWN / 2)} … ${message.slice(-MOST_SHOWN / 2)}`;
}

/** An error of a read that follows a stored write: it must not read as if nothing had been stored. */
export function readAfterWrite({ message, ...error }: GraphQLFormattedError): GraphQLFormattedError {
  const extensions = { ...error.extensions, stored: true };
  return { message: `The write was stored; reading this field failed. ${message}`, ...error, extensions };
}
