import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLoopbackOrigin } from './loopback.js';

const ALLOWED_HEADERS = 'content-type, x-request-id, apollo-require-preflight, authorization';
const EXPOSED_HEADERS = 'x-request-id, retry-after';
const PREFLIGHT_SECONDS = '600';

/**
 * Allows pages served from loopback addresses, such as those of a development server, to call GraphQL. Must run before the
 * loopback guard, so that these pages can read its responses too.
 */
export function allowLoopbackPages(request: FastifyRequest, reply: FastifyReply): boolean {
  const { origin } = request.headers;
  void reply.header('vary', 'origin');
  if (origin === undefined || !isLoopbackOrigin(origin)) return false;
  void reply.header('access-control-allow-origin', origin);
  void reply.header('access-control-expose-headers', EXPOSED_HEADERS);
  const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
  if (!isPreflight) return false;
  void reply.header('access-control-allow-methods', 'GET, POST');
  void reply.header('access-control-allow-headers', ALLOWED_HEADERS);
  void reply.header('access-control-max-age', PREFLIGHT_SECONDS);
  return true;
}
