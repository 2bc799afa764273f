import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Logger } from 'pino';
import { RequestError } from '../domain/errors.js';
import { createFailureLog } from '../observability/failure-log.js';
import type { TokenKeys } from './authenticate-by-token.js';

export interface RemoteKeysOptions {
  readonly url: string;
  /** Age of the last fetch at which the keys are fetched again in the background, in milliseconds. */
  readonly refreshMs?: number;
  /** Age of the last fetch at which a request waits for the next one. A removed key is accepted for this time at most. */
  readonly maxAgeMs?: number;
  /** Minimum time between two fetches. A new key is accepted after this time at most. */
  readonly cooldownMs?: number;
  readonly timeoutMs?: number;
  readonly log: Logger;
}

const MAX_BYTES = 1_000_000;
/** A verified token is verified again after this time, so that its requests refresh the keys too. */
const VERIFIED_TOKEN_MS = 60_000;

/**
 * The keys of a JWKS server. Keys that were fetched stay in use while the server does not respond. Replaces
 * `createRemoteJWKSet` of jose, which rejects known keys during an outage and has no cool-down after a failed fetch.
 */
export function createRemoteKeys(options: RemoteKeysOptions): TokenKeys {
  const { url, refreshMs = 60_000, maxAgeMs = 300_000, cooldownMs = 5_000, timeoutMs = 3_000, log } = options;
  const failures = createFailureLog(log);
  let keys: { readonly text: string; readonly find: JWTVerifyGetKey } | null = null;
  let version = 0;
  let isReachable = true;
  let attemptedAt = Number.NEGATIVE_INFINITY;
  let pending: Promise<void> | null = null;

  /** Fetches the keys. Concurrent calls share one request. Never rejects. */
  async function refresh(): Promise<void> {
    pending ??= attempt().finally(() => {
      pending = null;
      attemptedAt = performance.now();
    });
    return pending;
  }

  async function attempt(): Promise<void> {
    try {
      const text = await fetchText(url, timeoutMs);
      if (text !== keys?.text) {
        keys = { text, find: createLocalJWKSet(JSON.parse(text) as JSONWebKeySet) };
        version += 1;
      }
      isReachable = true;
      failures.worked('the JWKS server responds again');
    } catch (cause) {
      isReachable = false;
      failures.failed(cause, 'fetching the keys of AUTH_JWKS_URL failed; keys fetched before stay in use');
    }
  }

  function isOlderThan(ageMs: number): boolean {
    return performance.now() - attemptedAt > ageMs;
  }

  const keyOf: JWTVerifyGetKey = async (header, token) => {
    if (isOlderThan(keys === null ? cooldownMs : maxAgeMs)) await refresh();
    else if (isOlderThan(isReachable ? refreshMs : cooldownMs)) void refresh();
    try {
      return await found(header, token);
    } catch (cause) {
      if (!(cause instanceof errors.JWKSNoMatchingKey)) throw cause;
      if (isOlderThan(cooldownMs)) await refresh();
      return found(header, token);
    }
  };

  const found: JWTVerifyGetKey = async (header, token) => {
    if (keys === null) throw unavailable();
    try {
      return await keys.find(header, token);
    } catch (cause) {
      // The key may be newer than the last successful fetch.
      throw cause instanceof errors.JWKSNoMatchingKey && !isReachable ? unavailable() : cause;
    }
  };

  void refresh();
  return { keyOf, version: () => version, maxAgeMs: VERIFIED_TOKEN_MS };
}

function unavailable(): RequestError {
  return new RequestError('SERVICE_UNAVAILABLE', 'The keys that verify tokens are unavailable. Retry later.');
}

async function fetchText(url: string, timeoutMs: number): Promise<string> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`The JWKS server responded with status ${response.status}.`);
  }
  const decoder = new TextDecoder();
  let [text, bytes] = ['', 0];
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`The response of the JWKS server must have at most ${MAX_BYTES} bytes.`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}
