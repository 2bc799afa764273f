import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FormattedExecutionResult } from 'graphql';
import { parseTraceparent } from '../domain/traceparent.js';
import { HTTP_STATUS } from '../graphql/errors.js';
import type { PreparedOperation } from '../graphql/execution/prepared-operation.js';
import { currentSpan, inChildSpan, measure, runInSpan, type Span, type Tracer } from '../observability/span.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null without traces, and for requests that are not traced. */
    span: Span | null;
  }
}

const ROUTE = '/graphql';
/** Of the header `tracestate`, by the specification. */
const MAX_TRACESTATE = 512;

/** Starts a span for each request to GraphQL. It ends with the response or with the connection. */
export function traceRequests(app: FastifyInstance, tracer: Tracer | null): void {
  app.decorateRequest('span', null);
  if (tracer === null) return;
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.url !== ROUTE) return done(); // probes and the playground
    const span = tracer.start(`${request.method} ${ROUTE}`, {
      kind: 'server',
      parent: parentOf(request),
      attributes: {
        'http.request.method': request.method,
        'http.route': ROUTE,
        'url.path': ROUTE,
        'url.scheme': request.protocol,
        'network.protocol.version': request.raw.httpVersion,
      },
    });
    request.span = span;
    if (span.isSampled) {
      void reply.header('server-timing', `traceparent;desc="${span.traceparent}"`);
      reply.raw.once('close', () => {
        const { statusCode: status, headersSent } = reply.raw;
        if (headersSent) span.set({ 'http.response.status_code': status });
        if (!reply.raw.writableFinished) span.fail('disconnected');
        else if (status >= 500) span.fail(String(status));
        span.end();
      });
    }
    done();
  });
}

function parentOf(request: FastifyRequest) {
  const traceparent = traceparentOf(request);
  if (traceparent === null) return null;
  const { tracestate } = request.headers;
  const isUsable = typeof tracestate === 'string' && tracestate.length <= MAX_TRACESTATE;
  return { traceparent, tracestate: isUsable ? tracestate : undefined, isRemote: true };
}

/**
 * The trace context that events of the request are stored with: that of its operation, or else that of the client. A request that
 * is not sampled has none, unless the client has sent one.
 */
export function traceContextOf(request: FastifyRequest): string | null {
  const { span } = request;
  const given = traceparentOf(request);
  if (span === null) return given;
  if (span.isSampled) return (currentSpan() ?? span).traceparent;
  return given === null ? null : span.traceparent;
}

function traceparentOf({ headers: { traceparent } }: FastifyRequest): string | null {
  return typeof traceparent === 'string' ? parseTraceparent(traceparent) : null;
}

/** Runs the operation of a sampled request in a span. Its name follows when the document is known. */
export function inOperationSpan<T>({ span }: FastifyRequest, work: () => Promise<T>): Promise<T> {
  return span?.isSampled === true ? runInSpan(span, () => inChildSpan('GraphQL Operation', {}, work)) : work();
}

/**
 * A span for the start of a subscription, up to its first event. Events have none: one event of an order can have thousands
 * of subscribers.
 */
export function inSubscriptionSpan<T>(
  tracer: Tracer | null,
  operation: PreparedOperation,
  work: () => Promise<T>,
): Promise<T> {
  if (tracer === null) return work();
  const span = tracer.start('GraphQL Operation', { kind: 'server' });
  if (!span.isSampled) return work();
  return measure(span, () => {
    traceOperation(operation);
    return work();
  });
}

/** The name of an operation is an identifier that the client chooses, so it is an attribute and not the name of the span. */
export function traceOperation({ kind, name }: PreparedOperation): void {
  const span = currentSpan();
  span?.rename(kind);
  span?.set({ 'graphql.operation.type': kind, ...(name === null ? {} : { 'graphql.operation.name': name }) });
}

/** Records the code of the first error. Only failures of the server make the span fail. */
export function traceErrors({ errors }: FormattedExecutionResult): void {
  const span = errors === undefined ? null : currentSpan();
  const code = errors?.[0]?.extensions?.['code'];
  if (span === null || typeof code !== 'string') return;
  if ((HTTP_STATUS.get(code) ?? 0) >= 500) span.fail(code);
  else span.set({ 'error.type': code });
}
