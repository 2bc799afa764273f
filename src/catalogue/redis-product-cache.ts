import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { createFailureLog } from '../observability/failure-log.js';
import type { RedisConnection } from '../redis/redis-connection.js';
import { lifetimeOf, type CachedResult } from './cached-result.js';
import type { SharedProductCache } from './shared-product-cache.js';
import { formatEntry, parseEntry, type SharedProductEntry } from './shared-product-entry.js';

export interface RedisProductCacheOptions {
  readonly redis: RedisConnection;
  /** URL of the product service. Only servers with the same service share products. */
  readonly serviceUrl: string;
  /** Lifetime of a found product, in milliseconds. */
  readonly cacheMs: number;
  readonly log: Logger;
}

/** Of all keys, with the version of the entries. */
const PREFIX = 'ordergraph:product:1:';
const SOURCE_LENGTH = 16;
/** Longer ids are hashed, which bounds the length of keys. */
const MAX_ID_BYTES = 64;
const INVALID = 'Redis has an invalid product; it is requested from the product service';

/**
 * Products in Redis. Their age is measured by the clock of Redis, so that servers with different clocks agree. Each entry has the
 * time at which the product service returned it, and a server uses it until its own lifetime of products has passed since.
 */
export function createRedisProductCache(options: RedisProductCacheOptions): SharedProductCache {
  const { redis, cacheMs } = options;
  const keyOf = keysOf(options.serviceUrl);
  const invalid = createFailureLog(options.log);
  let clockOffset: number | null = null; // clock of Redis minus performance.now(); known after the first read
  let unwritten: SharedProductEntry[] = [];

  /** Null if there is no valid entry, or one of the future, because the clock of Redis was set back. */
  function readEntry(id: string, text: string | null, now: number): SharedProductEntry | null {
    const entry = text === null ? null : parseEntry(id, text);
    if (entry instanceof Error) {
      invalid.failed(entry, INVALID);
      return null;
    }
    return entry === null || entry.at > now ? null : entry;
  }

  async function read(ids: readonly string[]): Promise<readonly (CachedResult | null)[]> {
    const began = performance.now(); // before Redis reads its clock, so that no entry is used for too long
    const reply = await redis.run((client) => Promise.all([client.time(), client.mGet(ids.map(keyOf))]), 'MGET');
    if (reply === null) return ids.map(() => null);
    const [[seconds, microseconds], texts] = reply;
    const now = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
    clockOffset = now - performance.now();
    return ids.map((id, index) => {
      const entry = readEntry(id, texts[index] ?? null, now);
      if (entry === null) return null;
      const { at, result } = entry;
      const expiresAt = began - (now - at) + lifetimeOf(result, cacheMs);
      return expiresAt > performance.now() ? { result, expiresAt } : null;
    });
  }

  /** Writes the products of a response together. */
  async function flush(): Promise<void> {
    const entries = unwritten;
    unwritten = [];
    await redis.run((client) => {
      const writes = entries.map((entry) => {
        const value = Math.floor(entry.at + lifetimeOf(entry.result, cacheMs));
        return client.set(keyOf(entry.id), formatEntry(entry), { expiration: { type: 'PXAT', value } });
      });
      return Promise.all(writes);
    }, 'SET');
  }

  return {
    read,
    write(id, result) {
      if (clockOffset === null || result.kind === 'unavailable') return;
      if (unwritten.length === 0) setImmediate(() => void flush());
      unwritten.push({ id, at: performance.now() + clockOffset, result });
    },
  };
}

/** The keys of the products of a service. A user name is part of the service, because it may select other prices. */
function keysOf(serviceUrl: string): (id: string) => string {
  const { origin, pathname, username } = new URL(serviceUrl);
  const source = hashOf(JSON.stringify([origin, pathname, username])).slice(0, SOURCE_LENGTH);
  return (id) => {
    const isLong = Buffer.byteLength(id) > MAX_ID_BYTES;
    return `${PREFIX}${source}:${isLong ? `hash:${hashOf(id)}` : `id:${id}`}`;
  };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
