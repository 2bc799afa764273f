import type { JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Authenticate, Identity } from './authenticate.js';
import { bearerTokenOf } from './bearer-token.js';
import type { TokenRules } from './token-rules.js';
import { verifyToken } from './verify-token.js';

/** The keys that verify tokens. */
export interface TokenKeys {
  readonly keyOf: JWTVerifyGetKey;
  /** Changes with the keys. A token that an earlier version verified is verified again. */
  readonly version: () => number;
  /** Time after which a verified token is verified again, in milliseconds. */
  readonly maxAgeMs: number;
}

interface VerifiedToken {
  readonly identity: Identity;
  readonly keysVersion: number;
  /** In milliseconds of Unix time. */
  readonly validUntil: number;
}

const MAX_CACHED = 10_000;
const MAX_CACHED_CHARACTERS = 10_000_000;

/** Authentication by signed tokens. A verified token is cached, so that its next requests cost only a look-up. */
export function createTokenAuthentication(keys: TokenKeys, rules: TokenRules): Authenticate {
  const verified = new LRUCache<string, VerifiedToken>({
    max: MAX_CACHED,
    maxSize: MAX_CACHED_CHARACTERS,
    sizeCalculation: (_value, token) => token.length,
  });

  return async (credentials) => {
    const token = bearerTokenOf(credentials);
    const known = verified.get(token);
    if (known !== undefined && known.keysVersion === keys.version() && Date.now() < known.validUntil) {
      return known.identity;
    }
    verified.delete(token);
    const keysVersion = keys.version(); // before the verification, during which the keys may change
    const identity = await verifyToken(token, keys.keyOf, rules);
    const acceptedUntil = (identity.expiresAt ?? 0) + rules.clockSkewSeconds * 1_000;
    verified.set(token, { identity, keysVersion, validUntil: Math.min(acceptedUntil, Date.now() + keys.maxAgeMs) });
    return identity;
  };
}
