import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Logger } from 'pino';
import type { Context } from '../graphql/context.js';
import { refusalOnLoopback } from './loopback.js';
import { servePlayground } from './playground.js';

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  /** Answer only what comes from this machine itself. */
  readonly guarded: boolean;
  readonly maxBytes: number;
  readonly apollo: ApolloServer<Context>;
  readonly createContext: (signal: AbortSignal) => Context;
  readonly isDraining: () => boolean;
  /** Why the server cannot serve now, or null where it can. */
  readonly unready: () => Promise<string | null>;
  readonly log: Logger;
}

/** Longest time a client may take to send a request. */
const REQUEST_TIMEOUT_MS = 30_000;

/** The HTTP side: GraphQL, health and readiness on one port. Not listening yet. */
export function createHttp(options: HttpOptions): FastifyInstance {
  const { guarded, maxBytes, apollo, createContext, isDraining, unready, log } = options;
  const loggerInstance: FastifyBaseLogger = log;
  const app = fastify({
    bodyLimit: maxBytes,
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (request) => correlationId(request.headers['x-request-id']),
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
  });
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
    const refusal = guarded ? refusalOnLoopback(request.headers) : null;
    if (refusal !== null) return reply.code(403).send(graphqlError('FORBIDDEN', refusal));
    return undefined;
  });
  app.addHook('onSend', async (_request, reply) => {
    if (isDraining()) void reply.header('connection', 'close'); // or kept-alive connections would hold the shutdown up
  });
  app.setErrorHandler((error: FastifyError, request, reply) => answerFailure(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    void reply.code(404).send(graphqlError('NOT_FOUND', `There is nothing at ${request.url}. GraphQL is at /graphql.`));
  });

  app.route({
    url: '/graphql',
    method: ['GET', 'POST', 'OPTIONS'],
    onRequest: async (request, reply) => {
      const { accept = '*/*' } = request.headers;
      if (request.method === 'GET' && /\btext\/html\b/.test(accept)) return reply.redirect('/', 303); // a person's browser
      if (ACCEPTED.test(accept)) return undefined;
      // Before anything is run: a mutation whose answer cannot be given must not be done.
      const message = 'The answer is application/json or application/graphql-response+json; Accept allows neither.';
      return reply.code(406).send(graphqlError('NOT_ACCEPTABLE', message));
    },
    handler: fastifyApolloHandler(apollo, {
      context: (_request, reply) => Promise.resolve(createContext(goneSignal(reply))),
    }),
  });
  servePlayground(app);
  app.get('/health', () => ({ status: 'ok' }));
  app.get('/ready', async (_request, reply) => {
    const reason = await unready();
    return reason === null ? { status: 'ok' } : reply.code(503).send({ status: 'unavailable', reason });
  });
  return app;
}

const ACCEPTED = /(^|[,\s])(\*\/\*|application\/\*|application\/json|application\/graphql-response\+json)(?=$|[,;\s])/i;

export function urlOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/graphql`;
}

/** The caller's own id for the request where it is sane, or a new one. */
function correlationId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

/** Aborts when the connection closes before the answer has gone out. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

const MESSAGES: Readonly<Record<number, { readonly code: string; readonly message: (maxBytes: number) => string }>> = {
  413: { code: 'PAYLOAD_TOO_LARGE', message: (maxBytes) => `The body must have at most ${maxBytes} bytes.` },
  415: { code: 'UNSUPPORTED_MEDIA_TYPE', message: () => 'The body must be application/json.' },
};

/** What goes wrong before GraphQL sees the request, in the shape GraphQL clients understand. */
function answerFailure(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode ?? 500;
  const known = MESSAGES[status];
  if (known !== undefined) {
    const maxBytes = request.routeOptions.bodyLimit ?? 0;
    void reply.code(status).send(graphqlError(known.code, known.message(maxBytes)));
  } else if (status < 500) {
    void reply.code(status).send(graphqlError('BAD_REQUEST', `The body is not valid JSON: ${error.message}`));
  } else {
    request.log.error({ err: error, correlationId: request.id }, 'a request failed unexpectedly');
    const failure = graphqlError('INTERNAL_SERVER_ERROR', 'Something went wrong on the server.', {
      correlationId: request.id,
    });
    void reply.code(status).send(failure);
  }
}

function graphqlError(code: string, message: string, more: Readonly<Record<string, unknown>> = {}) {
  return { errors: [{ message, extensions: { code, ...more } }] };
}
