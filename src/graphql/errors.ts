import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { REQUEST_ERRORS, RequestError } from '../domain/errors.js';
import { toError } from '../domain/to-error.js';

/** HTTP status of a request that failed as a whole, by error code. */
export const HTTP_STATUS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(REQUEST_ERRORS).map(([code, { status }]) => [code, status] as const),
  ['INTERNAL_SERVER_ERROR', 500],
]);

/** Codes of graphql-js and Apollo whose messages describe the request of the client. */
const OWN_REQUEST = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'DOCUMENT_NOT_TRUSTED',
  'THROTTLED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

/** The message of graphql-js that ends a list of errors in variables. */
const TOO_MANY_ERRORS = 'Too many errors processing variables';

/** Apollo's messages for rejected persisted queries, which have no code. */
const PERSISTED_QUERY_MESSAGES: ReadonlyMap<string, string> = new Map([
  [
    'Unsupported persisted query version',
    'extensions.persistedQuery must have version 1 and sha256Hash, the SHA-256 of the query as 64 hexadecimal digits.',
  ],
  ['provided sha does not match query', 'extensions.persistedQuery.sha256Hash must be the SHA-256 of the query.'],
]);

/** The expected failure that an error wraps, or null. */
export function requestErrorOf(error: unknown): RequestError | null {
  if (error instanceof RequestError) return error;
  if (error instanceof GraphQLError && error.originalError !== undefined) return requestErrorOf(error.originalError);
  return null;
}

/** Converts a thrown value into the error of a response. */
export function toGraphQLError(thrown: unknown): GraphQLError {
  if (thrown instanceof GraphQLError) return thrown;
  const originalError = toError(thrown);
  return new GraphQLError(originalError.message, { originalError });
}

export function withCode(error: GraphQLError, code: string): GraphQLError {
  const { message, nodes, source, positions, path, originalError } = error;
  return new GraphQLError(message, { nodes, source, positions, path, originalError, extensions: { code } } as never);
}

/** Logs an unexpected failure. @returns its correlation id */
export type Report = (error: unknown) => string;

/**
 * Formats all errors for clients. Expected errors keep their message and get a code. All others are masked, and logged with
 * a correlation id that the client receives.
 */
export function createErrorFormatter(report: Report, { hideSuggestions = false } = {}) {
  const shortened = (message: string) => shorten(hideSuggestions ? withoutSuggestion(message) : message);
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

/** graphql-js gives no code to argument errors during execution, such as null from a nullable variable. */
function isArgumentError(error: unknown): boolean {
  if (!(error instanceof GraphQLError) || !error.message.startsWith('Argument "')) return false;
  return error.originalError === undefined || error.originalError instanceof GraphQLError;
}

export type ErrorFormatter = ReturnType<typeof createErrorFormatter>;

/** Without the names of the schema that graphql-js suggests for a misspelt one. */
function withoutSuggestion(message: string): string {
  const start = message.lastIndexOf(SUGGESTION);
  return start === -1 || !message.endsWith('?') ? message : message.slice(0, start);
}

const SUGGESTION = ' Did you mean ';

const MOST_SHOWN = 500;

/** Messages of graphql-js quote the input at any length; the explanation is at the start and the end. */
function shorten(message: string): string {
  if (message.length <= MOST_SHOWN) return message;
  return `${message.slice(0, MOST_SHOWN / 2)} … ${message.slice(-MOST_SHOWN / 2)}`;
}

/** Rewords an error of a read that follows a stored write, so that it does not suggest that nothing was stored. */
export function readAfterWrite({ message, ...error }: GraphQLFormattedError): GraphQLFormattedError {
  const extensions = { ...error.extensions, stored: true };
  return { message: `The write was stored; reading this field failed. ${message}`, ...error, extensions };
}
