import type { FastifyReply, FastifyRequest } from 'fastify';

const ALLOWED_HEADERS = 'authorization, content-type, x-request-id, apollo-require-preflight, x-apollo-operation-name';
const EXPOSED_HEADERS = 'x-request-id, retry-after, www-authenticate';
const PREFLIGHT_SECONDS = '600';

/** Lets pages of the origin read the response. No cookies are used, so credentials are not allowed. */
export function allowReading(reply: FastifyReply, origin: string): void {
  void reply.header('access-control-allow-origin', origin);
  void reply.header('access-control-expose-headers', EXPOSED_HEADERS);
}

/** Answers OPTIONS. The guard has rejected preflights of origins that are not allowed. */
export function answerOptions({ headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (reply.hasHeader('access-control-allow-origin')) {
    void reply.header('access-control-allow-methods', 'GET, POST');
    void reply.header('access-control-allow-headers', ALLOWED_HEADERS);
    void reply.header('access-control-max-age', PREFLIGHT_SECONDS);
    // Chromium versions with Private Network Access ask so when a page of a public address calls a private one.
    if (headers['access-control-request-private-network'] === 'true')
      void reply.header('access-control-allow-private-network', 'true');
  }
  return reply.code(204).header('allow', 'GET, POST, OPTIONS').send();
}
