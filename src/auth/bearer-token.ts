import { RequestError } from '../domain/errors.js';
import type { Credentials } from './authenticate.js';

const MAX_TOKEN_LENGTH = 8_192;
/** RFC 6750, 2.1. The scheme is case-insensitive. */
const BEARER = /^bearer +([\w.~+/-]+=*) *$/i;

/**
 * Reads the bearer token of a request. Messages never quote it. They fit into the reason of a closing websocket, which has
 * at most 123 bytes.
 *
 * @throws RequestError UNAUTHENTICATED
 */
export function bearerTokenOf({ authorization, Authorization }: Credentials): string {
  const given = [authorization, Authorization].filter((value) => value !== undefined && value !== null);
  if (given.length === 0) throw unauthenticated('A bearer token is required in Authorization.');
  const [value] = given;
  const token = given.length === 1 && typeof value === 'string' ? BEARER.exec(value)?.[1] : undefined;
  if (token === undefined) throw unauthenticated('Authorization must be the word Bearer and one token.');
  if (token.length > MAX_TOKEN_LENGTH) {
    throw unauthenticated(`The token must have at most ${MAX_TOKEN_LENGTH} characters.`);
  }
  return token;
}

export function unauthenticated(message: string, cause?: unknown): RequestError {
  return new RequestError('UNAUTHENTICATED', message, { cause });
}
