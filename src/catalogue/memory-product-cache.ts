import { LRUCache } from 'lru-cache';
import type { ProductLookupResult } from '../orders/interfaces/product-lookup.js';
import type { CachedResult } from './cached-result.js';

/** Products of this process. */
export interface MemoryProductCache {
  get(id: string): ProductLookupResult | undefined;
  set(id: string, cached: CachedResult): void;
}

/** @param max maximum number of found products, and of unknown ones, which therefore evict no found ones */
export function createMemoryProductCache(max: number): MemoryProductCache {
  const create = () => new LRUCache<string, ProductLookupResult>({ max, ttlResolution: 0 });
  const caches = { found: create(), unknown: create() };
  return {
    get: (id) => caches.found.get(id) ?? caches.unknown.get(id),
    set(id, { result, expiresAt }) {
      const ttl = expiresAt - performance.now();
      if (ttl > 0 && result.kind !== 'unavailable') caches[result.kind].set(id, result, { ttl });
    },
  };
}
