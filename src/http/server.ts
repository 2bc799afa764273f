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
import type { Authenticate, Identity } from '../auth/authenticate.js';
import type { Viewer } from '../domain/viewer.js';
import type { Context, RequestOrigin } from '../graphql/context.js';
import { problemOfDocument } from '../graphql/document-limits.js';
import type { PreparedDocuments } from '../graphql/execution/prepared-documents.js';
import type { Tracer } from '../observability/span.js';
import type { Charge } from '../rate-limit/charge.js';
import { negotiate, prefersPage } from './accept.js';
import { answerThrottled, type ChargeFor } from './charge-for.js';
import { createBoundedServer, type ServerBounds } from './connections.js';
import { allowReading, answerOptions } from './cors.js';
import type { FastLane } from './fast-lane.js';
import type { HttpContext } from './http-context.js';
import { METRICS_PATH, serveMetrics, type MetricsOptions } from './metrics.js';
import { observeRequest, rememberRejection } from './observe-requests.js';
import { answerFailure, answerParserFailure, graphqlError } from './failures.js';
import { readJsonBodies } from './json-body.js';
import { servePlayground } from './playground.js';
import type { RequestGuard } from './request-guard.js';
import type { ServingState } from './serving-state.js';
import { inOperationSpan, traceContextOf, traceOperation, traceRequests } from './request-spans.js';
import { SECURITY_HEADERS } from './security-headers.js';
import type { TransportObserver } from './transport-observer.js';
import type { TrustedDocuments } from './trusted-documents.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null until the request is authenticated. */
    identity: Identity | null;
    /** Null until the request is authenticated, and without a rate limit. */
    charge: Charge | null;
  }
}

export interface HttpOptions {
  readonly guard: RequestGuard;
  /** Whether `/` serves the playground. */
  readonly playground: boolean;
  readonly maxBytes: number;
  /** Maximum number of open HTTP connections, without websockets. */
  readonly maxConnections: number;
  /** Maximum time for receiving a request, in milliseconds. */
  readonly receiveTimeoutMs: number;
  /** Maximum number of lexical tokens of a document. */
  readonly maxTokens: number;
  /** Maximum duration of a request, in milliseconds. */
  readonly deadlineMs: number;
  readonly documents: PreparedDocuments;
  readonly apollo: ApolloServer<HttpContext>;
  /** Null if Apollo answers every request. */
  readonly fastLane: FastLane | null;
  /** Null if any document is executed. */
  readonly trusted: TrustedDocuments | null;
  readonly authenticate: Authenticate;
  readonly chargeFor: ChargeFor;
  readonly createContext: (origin: RequestOrigin) => Context;
  readonly state: () => ServingState;
  /** Why the server is not ready, or null if it is. */
  readonly problem: () => Promise<string | null>;
  /** The states of the optional parts as JSON, for operators. They do not affect whether the server is ready. */
  readonly parts: () => unknown;
  /** The consumers of the event log as JSON, for operators. */
  readonly consumers: () => Promise<unknown>;
  readonly metrics: MetricsOptions;
  readonly observer: TransportObserver;
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
  serveMetrics(app, guard, metrics);
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

/** Orchestrators address them by changing names. Under other names they reveal only whether the server is ready; metrics need a token. */
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

function serveGraphql(app: FastifyInstance, options: HttpOptions): void {
  const { documents, apollo, fastLane, trusted, createContext, maxTokens, playground, observer } = options;

  function contextOf(request: FastifyRequest, reply: FastifyReply): HttpContext {
    const { charge } = request;
    const traceparent = traceContextOf(request);
    const onGone = () => observeRequest(request, reply, observer);
    const context = createContext({ viewer: viewerOf(request), signal: goneSignal(reply, onGone), traceparent });
    const outcome = { operation: null, cost: null, errors: undefined };
    request.outcome = outcome;
    return Object.assign(context, { charge, outcome });
  }

  const answerByApollo = fastifyApolloHandler(apollo, {
    context: (request, reply) => Promise.resolve(contextOf(request, reply)),
  });
  for (const name of ['identity', 'charge', 'outcome', 'rejectedWith'] as const) app.decorateRequest(name, null);
  app.decorateRequest('isObserved', false);

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const untrusted = trusted?.resolve(request) ?? null;
    if (untrusted !== null) return reply.code(403).send(graphqlError('DOCUMENT_NOT_TRUSTED', untrusted));
    const { charge } = request;
    const accepted = request.method === 'POST' ? (fastLane?.accept(request.body, viewerOf(request)) ?? null) : null;
    if (fastLane !== null && accepted !== null) {
      traceOperation(accepted.operation);
      const taking = charge?.takeRequested(accepted.cost.requested);
      if (taking !== undefined) await taking;
      const { text, status, headers } = await fastLane.answer(accepted, contextOf(request, reply));
      const type = `${request.headers.accept}; charset=utf-8`;
      return reply
        .code(status ?? 200)
        .headers({ ...headers, 'content-type': type })
        .send(text);
    }
    const query = queryOf(request);
    if (documents.get(query) === undefined) {
      await charge?.takeDocument(query.length);
      const problem = problemOfDocument(query, maxTokens);
      if (problem !== null) return reply.code(400).send(graphqlError('GRAPHQL_VALIDATION_FAILED', problem));
    }
    return answerByApollo.call(app, request, reply);
  }

  app.route({
    url: '/graphql',
    method: ['GET', 'POST', 'OPTIONS'],
    onRequest: async (request, reply) => {
      if (request.method === 'OPTIONS') return answerOptions(request, reply);
      const { accept } = request.headers;
      const isVisit = playground && request.method === 'GET' && prefersPage(accept); // a browser opens the address
      if (isVisit) return reply.redirect('/', 303);
      const type = negotiate(accept);
      if (type === null) {
        // Before execution: a mutation must not run if its response cannot be sent.
        const message = 'Accept must allow application/json or application/graphql-response+json, in UTF-8.';
        return reply.code(406).send(graphqlError('NOT_ACCEPTABLE', message));
      }
      request.headers.accept = type; // Apollo negotiates again after execution and must get the same result
      return admit(request, options).catch((cause: unknown) => answerThrottled(reply, cause)); // before the body is read
    },
    handler: (request, reply) =>
      inOperationSpan(request, () => answer(request, reply).catch((cause: unknown) => answerThrottled(reply, cause))),
    preSerialization(request, _reply, payload, done) {
      rememberRejection(request, payload);
      done(null, payload);
    },
    onResponse(request, reply, done) {
      request.charge?.end();
      if (request.method !== 'OPTIONS') observeRequest(request, reply, observer);
      done();
    },
  });
}

/**
 * Identifies the viewer of a request, before its body is read.
 *
 * @throws RequestError for credentials that are not valid, or if the rate limit is exceeded
 */
async function admit(request: FastifyRequest, { authenticate, chargeFor }: HttpOptions): Promise<void> {
  const begin = (viewer: Viewer | null) => {
    request.charge = chargeFor(viewer, request.raw);
    const rejection = request.charge?.rejectionOnArrival() ?? null;
    if (rejection !== null) throw rejection;
  };
  try {
    request.identity = await authenticate(request.headers);
  } catch (cause) {
    begin(null);
    throw cause;
  }
  begin(request.identity.viewer);
}

function viewerOf({ identity }: FastifyRequest): Viewer {
  if (identity === null) throw new Error('a request reached its handler without authentication');
  return identity.viewer;
}

/** The document of a GraphQL request, if it has one. */
function queryOf({ body, query }: FastifyRequest): string {
  const { query: text } = ((body ?? query) as { readonly query?: unknown } | null) ?? {};
  return typeof text === 'string' ? text : '';
}

export function urlOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/graphql`;
}

/** The client's own request id if it is well-formed, or a new one. */
function correlationId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

/** Aborts if the connection closes before the response is sent. It may have closed while the body was read. */
function goneSignal(reply: FastifyReply, onGone: () => void): AbortSignal {
  const gone = new AbortController();
  if (reply.raw.closed) gone.abort();
  reply.raw.once('close', () => {
    if (reply.raw.writableFinished) return;
    gone.abort();
    onGone();
  });
  return gone.signal;
}
