import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { RequestError, type RequestErrorCode } from '../domain/errors.js';

/** HTTP status of a request that failed as a whole; the others are answers. */
export const HTTP_STATUS: Readonly<Record<RequestErrorCode, number>> = {
  BAD_USER_INPUT: 400,
  INVALID_CURSOR: 400,
  THROTTLED: 429,
  SLOW_CONSUMER: 503,
  OVERLOADED: 503,
  SERVICE_UNAVAILABLE: 503,
  CANCELLED: 499,
};

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

/** Longest message. Those of graphql-js repeat parts of the request, which may be as large as a request may be. */
const MAX_MESSAGE = 1_000;

function shortened(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)}…`;
}

/** The expected failure that an error stands for, if it does. */
export function requestErrorOf(error: unknown): RequestError | null {
  if (error instanceof RequestError) return error;
  if (error instanceof GraphQLError && error.originalError !== undefined) return requestErrorOf(error.originalError);
  return null;
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
    if (formatted.message.startsWith(TOO_MANY_ERRORS))
      return { message: shortened(formatted.message), extensions: { code: 'BAD_USER_INPUT' } };
    const correlationId = report(error);
    const message = 'Something went wrong on the server.';
    return { message, ...where, extensions: { code: 'INTERNAL_SERVER_ERROR', correlationId } };
  };
}

export type ErrorFormatter = ReturnType<typeof createErrorFormatter>;
