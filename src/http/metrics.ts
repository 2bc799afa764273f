import { hash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIPv6 } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { graphqlError } from './failures.js';
import { isForwarded, type RequestGuard } from './request-guard.js';

export const METRICS_PATH = '/metrics';

export interface MetricsOptions {
  /** The metrics in the text format of Prometheus. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
  /** The bearer token that allows reading from any address; null if there is none. */
  readonly token: string | null;
  /** For clients without the token. */
  readonly guard: RequestGuard;
}

/** Serves the metrics to clients with the token, and to those on this machine. */
export function serveMetrics(app: FastifyInstance, { text, contentType, token, guard }: MetricsOptions): void {
  /** Requests of web pages, by another host name or through a proxy count as remote. */
  function isLocal({ headers, raw }: FastifyRequest): boolean {
    return !isForwarded(headers) && guard(headers).rejection === null && isLoopback(raw.socket.remoteAddress ?? '');
  }

  app.get(METRICS_PATH, async (request, reply) => {
    if ((token !== null && bears(request, token)) || isLocal(request)) {
      return reply
        .header('content-type', contentType)
        .header('cache-control', 'no-store')
        .send(await text());
    }
    if (token === null) {
      const message = 'Without METRICS_TOKEN, metrics are served to clients on this machine only.';
      return reply.code(403).send(graphqlError('FORBIDDEN', message));
    }
    const message = 'Metrics require the bearer token METRICS_TOKEN.';
    return reply.code(401).header('www-authenticate', 'Bearer').send(graphqlError('UNAUTHENTICATED', message));
  });
}

/** Compares in a time that does not depend on where the tokens differ. */
function bears({ headers }: FastifyRequest, token: string): boolean {
  const given = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digestOf(given), digestOf(token));
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
