import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RequestOutcome } from './http-context.js';
import { codesOf, correlationIdsOf, type TransportObserver } from './transport-observer.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null until the request is executed. */
    outcome: RequestOutcome | null;
    /** The code of the error that rejected the request before its execution. */
    rejectedWith: string | null;
    isObserved: boolean;
  }
}

/** Keeps the code of a response that is an object: responses of executed requests are text. */
export function rememberRejection(request: FastifyRequest, payload: unknown): void {
  const { errors } = (payload ?? {}) as { readonly errors?: Parameters<typeof codesOf>[0] };
  request.rejectedWith = codesOf(errors)[0] ?? null;
}

/** Reports a request once, when its response was sent or its client has disconnected. */
export function observeRequest(request: FastifyRequest, reply: FastifyReply, observer: TransportObserver): void {
  if (request.isObserved) return;
  request.isObserved = true;
  const { id, identity, outcome } = request;
  const isSent = reply.raw.writableFinished;
  const status = isSent ? reply.statusCode : null;
  observer.requestEnded({
    id,
    viewer: identity?.viewer ?? null,
    operation: outcome?.operation ?? null,
    cost: outcome?.cost?.requested ?? null,
    durationMs: reply.elapsedTime,
    status,
    codes: isSent ? codesOfResponse(request, reply.statusCode) : ['CANCELLED'],
    correlationIds: correlationIdsOf(outcome?.errors),
    span: request.span?.isSampled === true ? request.span : null,
  });
}

/** Apollo rejects some requests without calling a plugin, such as those without a document. */
function codesOfResponse({ outcome, rejectedWith }: FastifyRequest, status: number): readonly string[] {
  if (rejectedWith !== null) return [rejectedWith];
  const codes = codesOf(outcome?.errors);
  if (codes.length > 0 || status < 400) return codes;
  return [status < 500 ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR'];
}
