import { createSecretKey } from 'node:crypto';
import type { TokenKeys } from './authenticate-by-token.js';

/** One key that never changes, for tokens signed with a shared secret. */
export function createSecretKeys(secret: string): TokenKeys {
  const key = createSecretKey(secret, 'utf8');
  return { version: () => 0, keyOf: () => key, maxAgeMs: Number.POSITIVE_INFINITY };
}
