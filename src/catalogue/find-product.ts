import DataLoader from 'dataloader';
import type { ProductLookupResult } from '../orders/interfaces/product-lookup.js';
import { lifetimeOf, type CachedResult } from './cached-result.js';
import type { PendingLookup, RequestProducts } from './product-requests.js';
import type { SharedProductCache } from './shared-product-cache.js';

/** Finds one product. Rejects only by a defect. */
export type FindProduct = (lookup: PendingLookup) => Promise<CachedResult>;

/** Where the result of a lookup comes from. */
export type LookupSource = 'memory' | 'redis' | 'service';

export interface FindProductOptions {
  readonly request: RequestProducts;
  readonly sharedCache: SharedProductCache | null;
  /** Lifetime of a found product. */
  readonly cacheMs: number;
  readonly onLookup: (source: LookupSource) => void;
}

const MAX_READ = 1_000;

/**
 * Finds products in the cache that servers share, and requests the others from the product service. Lookups that arrive together are
 * one read of the cache and one request.
 */
export function createFindProduct({ request, sharedCache, cacheMs, onLookup }: FindProductOptions): FindProduct {
  // Both collect batches without caching: a cached result would wait for the batch being collected.
  const batching = { cache: false, batchScheduleFn: (dispatch: () => void) => setImmediate(dispatch) };
  const service = new DataLoader<PendingLookup, ProductLookupResult>(
    (lookups) => Promise.resolve(request(lookups) as unknown as ProductLookupResult[]), // DataLoader awaits each promise separately
    batching,
  );
  const shared =
    sharedCache === null
      ? null
      : new DataLoader<string, CachedResult | null>((ids) => sharedCache.read(ids), {
          ...batching,
          maxBatchSize: MAX_READ,
        });

  return async (lookup) => {
    const cached = await shared?.load(lookup.id);
    const isCached = cached !== null && cached !== undefined;
    onLookup(isCached ? 'redis' : 'service');
    if (isCached) return cached;
    const result = await service.load(lookup);
    sharedCache?.write(lookup.id, result);
    return { result, expiresAt: performance.now() + lifetimeOf(result, cacheMs) };
  };
}
