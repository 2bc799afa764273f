import type { ProductLookupResult } from '../orders/interfaces/product-lookup.js';
import type { CachedResult } from './cached-result.js';

/** Products that several servers share. */
export interface SharedProductCache {
  /** A result for each id, in their order; null where there is none. Never rejects. */
  read(ids: readonly string[]): Promise<readonly (CachedResult | null)[]>;
  /** Stores a result that the product service has just returned, without waiting. Failures are not stored. */
  write(id: string, result: ProductLookupResult): void;
}
