import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticate, Identity } from '../auth/authenticate.js';
import type { Viewer } from '../domain/viewer.js';
import type { Context, RequestOrigin } from '../graphql/context.js';
import { problemOfDocument } from '../graphql/document-limits.js';
import type { PreparedDocuments } from '../graphql/execution/prepared-documents.js';
import type { Charge } from '../rate-limit/charge.js';
import { negotiate, prefersPage } from './accept.js';
import { answerThrottled, type ChargeFor } from './charge-for.js';
import { answerOptions } from './cors.js';
import type { FastLane } from './fast-lane.js';
import type { HttpContext } from './http-context.js';
import { observeRequest, rememberRejection } from './observe-requests.js';
import { graphqlError } from './failures.js';
import { inOperationSpan, traceContextOf, traceOperation } from './request-spans.js';
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

export interface GraphqlOptions {
  /** Whether `/` serves the playground. */
  readonly playground: boolean;
  /** Maximum number of lexical tokens of a document. */
  readonly maxTokens: number;
  readonly documents: PreparedDocuments;
  readonly apollo: ApolloServer<HttpContext>;
  /** Null if Apollo answers every request. */
  readonly fastLane: FastLane | null;
  /** Null if any document is executed. */
  readonly trusted: TrustedDocuments | null;
  readonly authenticate: Authenticate;
  readonly chargeFor: ChargeFor;
  readonly createContext: (origin: RequestOrigin) => Context;
  readonly observer: TransportObserver;
}

/** Serves GraphQL over HTTP at `/graphql`. */
export function serveGraphql(app: FastifyInstance, options: GraphqlOptions): void {
  const { apollo, createContext, playground, observer } = options;

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

  const answer = createAnswer(options, contextOf, async (request, reply) => answerByApollo.call(app, request, reply));

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

type Answer = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
type ContextOf = (request: FastifyRequest, reply: FastifyReply) => HttpContext;

/** Answers by the fast lane if it accepts the request, otherwise by Apollo. */
function createAnswer(
  { documents, fastLane, trusted, maxTokens }: GraphqlOptions,
  contextOf: ContextOf,
  answerByApollo: Answer,
): Answer {
  return async (request, reply) => {
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
    return answerByApollo(request, reply);
  };
}

/**
 * Identifies the viewer of a request, before its body is read.
 *
 * @throws RequestError for credentials that are not valid, or if the rate limit is exceeded
 */
async function admit(request: FastifyRequest, { authenticate, chargeFor }: GraphqlOptions): Promise<void> {
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
