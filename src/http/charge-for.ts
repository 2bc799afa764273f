import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { Viewer } from '../domain/viewer.js';
import { requestErrorOf } from '../graphql/errors.js';
import { Charge } from '../rate-limit/charge.js';
import { keyOfAddress, keyOfViewer } from '../rate-limit/client-key.js';
import type { RateLimiter } from '../rate-limit/rate-limiter.js';
import type { AddressOf } from './client-address.js';
import { graphqlError } from './failures.js';

/** Starts the charge of a request: for its viewer, or for its address if it has no identity. Null without a rate limit. */
export type ChargeFor = (viewer: Viewer | null, request: IncomingMessage) => Charge | null;

export function createChargeFor(limiter: RateLimiter | null, addressOf: AddressOf): ChargeFor {
  return (viewer, request) => {
    if (limiter === null) return null;
    const key = viewer === null ? null : keyOfViewer(viewer);
    return new Charge(limiter, key ?? keyOfAddress(addressOf(request)));
  };
}

/** The value of Retry-After for an error with `retryAfterMs`. */
export function retryAfterOf(details: Readonly<Record<string, unknown>>): string {
  return String(Math.max(1, Math.ceil(Number(details['retryAfterMs'] ?? 0) / 1_000)));
}

/** Delay of the response to a throttled request. */
const THROTTLED_DELAY_MS = 100;

/**
 * Responds to a request that exceeds the rate limit: after a delay, so that a client that does not wait occupies its own
 * connections instead of the server.
 *
 * @throws every other error
 */
export async function answerThrottled(reply: FastifyReply, cause: unknown): Promise<FastifyReply> {
  const error = requestErrorOf(cause);
  if (error?.code !== 'THROTTLED') throw cause;
  await sleep(THROTTLED_DELAY_MS);
  const { code, message, details } = error;
  return reply
    .code(429)
    .headers({ 'retry-after': retryAfterOf(details), 'cache-control': 'no-store' })
    .send(graphqlError(code, message, details));
}
