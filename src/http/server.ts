import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Logger } from 'pino';
import type { Tracer } from '../observability/span.js';
import { createBoundedServer, type ServerBounds } from './connections.js';
import { allowReading } from './cors.js';
import { METRICS_PATH, serveMetrics, type MetricsOptions } from './metrics.js';
import { answerFailure, answerParserFailure, graphqlError } from './failures.js';
import { readJsonBodies } from './json-body.js';
import { servePlayground } from './playground.js';
import type { RequestGuard } from './request-guard.js';
import type { ServingState } from './serving-state.js';
import { traceRequests } from './request-spans.js';
import { SECURITY_HEADERS } from './security-headers.js';
import { serveGraphql, type GraphqlOptions } from './serve-graphql.js';

export interface HttpOptions extends GraphqlOptions {
  readonly guard: RequestGuard;
  readonly maxBytes: number;
  /** Maximum number of open HTTP connections, without websockets. */
  readonly maxConnections: number;
  /** Maximum time for receiving a request, in milliseconds. */
  readonly receiveTimeoutMs: number;
  /** Maximum duration of a request, in milliseconds. */
  readonly deadlineMs: number;
  readonly state: () => ServingState;
  /** Why the server is not ready, or null if it is. */
  readonly problem: () => Promise<string | null>;
  /** The states of the optional parts as JSON, for operators. They do not affect whether the server is ready. */
  readonly parts: () => unknown;
  /** The consumers of the event log as JSON, for operators. */
  readonly consumers: () => Promise<unknown>;
  readonly metrics: MetricsOptions;
  /** Null without traces. */
  readonly tracer: Tracer | null;
  readonly log: Logger;
}

/** Idle time after which a kept-alive connection is closed. Longer than that of common proxies, so that they close first. */
const KEEP_ALIVE_MS = 72_000;

/** Creates the HTTP server for GraphQL, health and readiness on one port. It does not listen yet. */
export function createHttp(options: HttpOptions): FastifyInstance {
  const { guard, maxBytes, playground, state, metrics, tracer, log } = options;
  const loggerInstance: FastifyBaseLogger = log;
  const app = fastify({
    bodyLimit: maxBytes,
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger) => logger, // failures are logged with their correlation id
    genReqId: (request) => correlationId(request.headers['x-request-id']),
    forceCloseConnections: 'idle',
    serverFactory: (handler) => createBoundedServer(handler, serverBounds(options)),
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      beginReply(request, reply, guard); // no hook has run
      answerFailure(error, request, reply);
    },
    clientErrorHandler: answerParserFailure,
  });
  traceRequests(app, tracer);
  app.addHook('onRequest', (request, reply, done) => {
    const rejection = beginReply(request, reply, guard);
    if (rejection !== null && !PROBES.has(request.url))
      return void reply.code(403).send(graphqlError('FORBIDDEN', rejection));
    if ((request.headers['content-type'] ?? '').length > MAX_CONTENT_TYPE) {
      const message = `Content-Type is longer than ${MAX_CONTENT_TYPE} characters.`;
      return void reply.code(415).send(graphqlError('BAD_REQUEST', message));
    }
    done();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (state() === 'closing') void reply.header('connection', 'close');
    done();
  });
  app.setErrorHandler((error: FastifyError, request, reply) => answerFailure(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    if (request.url.split('?')[0] === '/graphql') {
      const message = `/graphql accepts GET and POST; the method is ${request.method}.`;
      return reply.code(405).header('allow', 'GET, POST, OPTIONS').send(graphqlError('METHOD_NOT_ALLOWED', message));
    }
    const message = `There is nothing at ${request.url.slice(0, MAX_ECHOED)}. GraphQL is at /graphql.`;
    return reply.code(404).send(graphqlError('NOT_FOUND', message));
  });
  readJsonBodies(app);
  serveGraphql(app, options);
  if (playground) servePlayground(app);
  app.get('/health', () => ({ status: 'ok' }));
  serveReadiness(app, options);
  serveMetrics(app, metrics);
  return app;
}

function serveReadiness(app: FastifyInstance, { guard, state, problem, parts, consumers }: HttpOptions): void {
  app.get('/ready', async (request, reply) => {
    if (state() !== 'serving') return reply.code(503).send({ status: 'draining', reason: 'shutting down' });
    const reason = await problem();
    if (reason !== null) return reply.code(503).send({ status: 'unavailable', reason });
    const isProbe = guard(request.headers).rejection !== null;
    return isProbe ? { status: 'ok' } : { status: 'ok', parts: parts(), consumers: await consumers() };
  });
}

/** Orchestrators use changing host names. By an unknown name, only the readiness is visible; metrics need a token. */
const PROBES = new Set(['/health', '/ready', METRICS_PATH]);

/** Sets the headers of every response. @returns why the request is rejected, or null */
function beginReply(request: FastifyRequest, reply: FastifyReply, guard: RequestGuard): string | null {
  void reply.headers(SECURITY_HEADERS).header('x-request-id', request.id);
  const { rejection, origin } = guard(request.headers);
  if (origin !== null) allowReading(reply, origin);
  return rejection;
}

/** Maximum length of a Content-Type header. Fastify's parser takes quadratic time. */
const MAX_CONTENT_TYPE = 200;

/** Maximum characters of client input quoted in a message. */
const MAX_ECHOED = 200;

function serverBounds({ maxConnections, receiveTimeoutMs, deadlineMs }: HttpOptions): ServerBounds {
  return {
    maxConnections,
    receiveTimeoutMs,
    idleTimeoutMs: deadlineMs + receiveTimeoutMs,
    keepAliveTimeoutMs: KEEP_ALIVE_MS,
  };
}

export function urlOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/graphql`;
}

/** The client's own request id if it is well-formed, or a new one. */
function correlationId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}
