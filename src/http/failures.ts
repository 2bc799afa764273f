import type { Duplex } from 'node:stream';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_STATUS, requestErrorOf } from '../graphql/errors.js';
import { reject } from './connections.js';

/** A GraphQL response for an error that occurs before execution. */
export function graphqlError(code: string, message: string, more: Readonly<Record<string, unknown>> = {}) {
  return { errors: [{ message, extensions: { code, ...more } }] };
}

type Describe = (error: FastifyError, request: FastifyRequest) => { readonly code: string; readonly message: string };

/** Messages that replace Fastify's own. */
const DESCRIPTIONS: Readonly<Record<string, Describe>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: (_error, request) => ({
    code: 'PAYLOAD_TOO_LARGE',
    message: `The body must have at most ${request.routeOptions.bodyLimit ?? 0} bytes.`,
  }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => ({
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'Content-Type must be application/json.',
  }),
  FST_ERR_CTP_INVALID_JSON_BODY: (error) => ({
    code: 'BAD_REQUEST',
    message:
      error instanceof SyntaxError ? `The body is not valid JSON: ${error.message}` : 'The body is not valid JSON.',
  }),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => ({ code: 'BAD_REQUEST', message: 'The body is empty; it must be JSON.' }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => ({
    code: 'BAD_REQUEST',
    message: 'The length of the body differs from Content-Length.',
  }),
  FST_ERR_BAD_URL: () => ({ code: 'BAD_REQUEST', message: 'The path of the URL is not percent-encoded correctly.' }),
};

const RETRY_AFTER_SECONDS = '5';

/** RFC 6750, 3: a request without credentials gets no error code. The messages about tokens contain no quotes. */
function challengeOf({ headers }: FastifyRequest, message: string): string {
  return headers.authorization === undefined
    ? 'Bearer'
    : `Bearer error="invalid_token", error_description="${message}"`;
}

/** Responds to errors that occur before execution. */
export function answerFailure(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const expected = requestErrorOf(error);
  if (expected !== null) {
    const { code, message, details } = expected;
    if (code === 'UNAUTHENTICATED') void reply.header('www-authenticate', challengeOf(request, message));
    if (code === 'SERVICE_UNAVAILABLE') void reply.header('retry-after', RETRY_AFTER_SECONDS);
    void reply.code(HTTP_STATUS.get(code) ?? 500).send(graphqlError(code, message, details));
    return;
  }
  const status = error.statusCode ?? 500;
  if (status >= 500 && request.raw.destroyed && !request.raw.complete) {
    request.log.debug({ err: error }, 'client disconnected while sending a request');
    return;
  }
  if (status >= 500) {
    request.log.error({ err: error, correlationId: request.id }, 'request failed unexpectedly');
    const failure = graphqlError('INTERNAL_SERVER_ERROR', 'Something went wrong on the server.', {
      correlationId: request.id,
    });
    void reply.code(status).send(failure);
    return;
  }
  const { code, message } = DESCRIPTIONS[describedCode(error)]?.(error, request) ?? {
    code: 'BAD_REQUEST',
    message: `The request is not valid: ${error.message}`,
  };
  void reply.code(status).send(graphqlError(code, message));
}

/** A SyntaxError of JSON.parse has no Fastify error code. */
function describedCode(error: FastifyError): string {
  return error instanceof SyntaxError ? 'FST_ERR_CTP_INVALID_JSON_BODY' : error.code;
}

const PARSER_FAILURES: Readonly<Record<string, readonly [status: string, code: string, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'REQUEST_TIMEOUT', 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'BAD_REQUEST',
    'The headers of the request are too large.',
  ],
};

/** Responds to errors of the HTTP parser, for which no request object exists. */
export function answerParserFailure(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, message] = PARSER_FAILURES[error.code ?? ''] ?? [
    '400 Bad Request',
    'BAD_REQUEST',
    'The request is not valid HTTP.',
  ];
  reject(socket, status, { code, message });
}
