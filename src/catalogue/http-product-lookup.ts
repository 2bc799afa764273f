import type { Logger } from 'pino';
import { isAbandoned, type Caller } from '../orders/interfaces/caller.js';
import type { ProductLookup, ProductLookupResult } from '../orders/interfaces/product-lookup.js';
import { createFindProduct, type LookupSource } from './find-product.js';
import { createMemoryProductCache } from './memory-product-cache.js';
import { createProductRequests, type PendingLookup } from './product-requests.js';
import { unavailable } from './product-responses.js';
import { createProductService, type ProductServiceOptions } from './product-service.js';
import type { SharedProductCache } from './shared-product-cache.js';

export interface HttpProductLookupOptions extends ProductServiceOptions {
  /** How long a found product is cached. Unknown products are cached for at most a second, failures never. */
  readonly cacheSeconds: number;
  /** Maximum number of found products in memory, and of unknown ones. */
  readonly maxCached: number;
  /** `auto` requests several products at once if the service supports it. */
  readonly batch: 'auto' | 'off';
  /** Called for each looked up product with the source of the result. */
  readonly onLookup?: (source: LookupSource) => void;
}

/** A lookup in progress, which its callers share. */
interface SharedLookup extends PendingLookup {
  waiters: number;
  readonly result: Promise<ProductLookupResult>;
}

const UNKNOWN: ProductLookupResult = { kind: 'unknown' };
/** The maximum delay of setTimeout. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Looks up products in the memory of this process, then in the cache that servers share, then at a product service over
 * HTTP; docs/catalogue.md describes its responses. Concurrent lookups of the same product are one. Throws if the URL is
 * invalid.
 */
export function createHttpProductLookup(
  options: HttpProductLookupOptions,
  log: Logger,
  sharedCache: SharedProductCache | null = null,
): ProductLookup {
  const memory = createMemoryProductCache(options.maxCached);
  const pending = new Map<string, SharedLookup>();
  const request = createProductRequests(createProductService(options, log), options.batch, log);
  const { cacheSeconds, onLookup = () => undefined } = options;
  const find = createFindProduct({ request, sharedCache, cacheMs: cacheSeconds * 1_000, onLookup });

  async function load(lookup: SharedLookup): Promise<ProductLookupResult> {
    try {
      const cached = await find(lookup);
      memory.set(lookup.id, cached);
      return cached.result;
    } catch (cause) {
      return unavailable(cause as Error);
    } finally {
      drop(lookup);
    }
  }

  function drop(lookup: SharedLookup): void {
    if (pending.get(lookup.id) === lookup) pending.delete(lookup.id);
  }

  function startLookup(id: string): SharedLookup {
    const { promise: result, resolve } = Promise.withResolvers<ProductLookupResult>();
    const lookup: SharedLookup = {
      id,
      waiters: 0,
      result,
      hasWaiters: () => lookup.waiters > 0,
      drop: () => drop(lookup),
    };
    pending.set(id, lookup);
    resolve(load(lookup));
    return lookup;
  }

  /** The result if it is known without waiting. */
  function recall(id: string): ProductLookupResult | undefined {
    if (!canBeRequested(id)) return UNKNOWN;
    const known = memory.get(id);
    if (known !== undefined) onLookup('memory');
    return known;
  }

  async function waitFor(id: string, abandoned: Promise<ProductLookupResult>): Promise<ProductLookupResult> {
    const lookup = pending.get(id) ?? startLookup(id);
    lookup.waiters += 1;
    const result = await Promise.race([lookup.result, abandoned]);
    lookup.waiters -= 1;
    return result;
  }

  return {
    async products(ids, caller) {
      if (isAbandoned(caller)) return ids.map((id) => recall(id) ?? abandonedResult(caller));
      const { abandoned, dispose } = watch(caller);
      try {
        return await Promise.all(ids.map(async (id) => recall(id) ?? waitFor(id, abandoned)));
      } finally {
        dispose();
      }
    },
  };
}

/** Whether a URL can contain the id. An empty id is invalid, and "." and ".." would be resolved as path segments. */
function canBeRequested(id: string): boolean {
  return id !== '' && id !== '.' && id !== '..' && id.isWellFormed();
}

/** Reports when a caller is no longer waiting. `dispose` must be called. */
function watch(caller: Caller): { readonly abandoned: Promise<ProductLookupResult>; readonly dispose: () => void } {
  const { promise: abandoned, resolve } = Promise.withResolvers<ProductLookupResult>();
  const end = () => resolve(abandonedResult(caller));
  const timer = setTimeout(end, Math.min(caller.deadline - performance.now(), MAX_TIMER_MS));
  caller.signal.addEventListener('abort', end, { once: true });
  return {
    abandoned,
    dispose() {
      clearTimeout(timer);
      caller.signal.removeEventListener('abort', end);
    },
  };
}

function abandonedResult({ signal }: Caller): ProductLookupResult {
  return unavailable(
    new Error(
      signal.aborted ? 'The client has disconnected.' : 'The deadline passed before the product service responded.',
    ),
  );
}
