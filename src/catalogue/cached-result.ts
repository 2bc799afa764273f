import type { ProductLookupResult } from '../orders/interfaces/product-lookup.js';

/** A result of the product service that may be used until it expires. */
export interface CachedResult {
  readonly result: ProductLookupResult;
  /** In milliseconds, as `performance.now()` counts. */
  readonly expiresAt: number;
}

const UNKNOWN_MS = 1_000;

/** How long a result may be used, from the response of the product service on, in milliseconds. 0 for failures. */
export function lifetimeOf({ kind }: ProductLookupResult, cacheMs: number): number {
  if (kind === 'found') return cacheMs;
  return kind === 'unknown' ? Math.min(cacheMs, UNKNOWN_MS) : 0;
}
