import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { isAbandoned } from '../orders/interfaces/caller.js';
import type { Caller } from '../orders/interfaces/caller.js';
import type { ProductLookup, ProductLookupResult } from '../orders/interfaces/product-lookup.js';
import { createProductService, type ProductServiceOptions } from './product-service.js';
import { createProductRequests, type Wanted } from './product-requests.js';
import { unavailable } from './product-responses.js';

export interface HttpProductLookupOptions extends ProductServiceOptions {
  /** How long a found product is cached. Unknown products are cached for at most a second, failures never. */
  readonly cacheSeconds: number;
  /** Maximum number of cached found products, and of cached unknown ones. */
  readonly maxCached: number;
  /** `auto` requests several products at once if the service supports it. */
  readonly batch: 'auto' | 'off';
}

/** A pending request of a product. */
interface UnderWay extends Wanted {
  /** Number of waiting callers. */
  waiting: number;
  readonly answer: Promise<ProductLookupResult>;
}

const UNKNOWN: ProductLookupResult = { kind: 'unknown' };
const UNKNOWN_MS = 1_000;
/** The maximum delay of setTimeout. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Looks up products from a product service over HTTP; docs/catalogue.md describes its responses. Concurrent lookups of the
 * same product share one request. Throws if the URL is invalid.
 */
export function createHttpProductLookup(options: HttpProductLookupOptions, log: Logger): ProductLookup {
  const { maxCached } = options;
  const cacheMs = options.cacheSeconds * 1_000;
  const known = createCache(maxCached, cacheMs);
  const unknown = createCache(maxCached, Math.min(cacheMs, UNKNOWN_MS)); // separate, so that unknown products evict no found ones
  const underWay = new Map<string, UnderWay>();
  const ask = createProductRequests(createProductService(options, log), options.batch, log);
  // Collects batches without caching: a cached result would wait for the batch being collected.
  const loader = new DataLoader<UnderWay, ProductLookupResult>(
    (wanted) => Promise.resolve(ask(wanted) as unknown as ProductLookupResult[]), // DataLoader awaits each promise separately
    { cache: false, batchScheduleFn: (dispatch) => setImmediate(dispatch) },
  );

  async function load(entry: UnderWay): Promise<ProductLookupResult> {
    const answer = await loader.load(entry).catch((cause: unknown) => unavailable(cause as Error));
    if (answer.kind === 'found') known?.set(entry.id, answer);
    if (answer.kind === 'unknown') unknown?.set(entry.id, answer);
    drop(entry);
    return answer;
  }

  function drop(entry: UnderWay): void {
    if (underWay.get(entry.id) === entry) underWay.delete(entry.id);
  }

  function startAsking(id: string): UnderWay {
    const { promise: answer, resolve } = Promise.withResolvers<ProductLookupResult>();
    const entry: UnderWay = {
      id,
      waiting: 0,
      answer,
      isWanted: () => entry.waiting > 0,
      drop: () => drop(entry),
    };
    underWay.set(id, entry);
    resolve(load(entry));
    return entry;
  }

  /** The result if no request is needed. */
  function recall(id: string): ProductLookupResult | undefined {
    return canBeAsked(id) ? (known?.get(id) ?? unknown?.get(id)) : UNKNOWN;
  }

  async function waitFor(id: string, over: Promise<ProductLookupResult>): Promise<ProductLookupResult> {
    const entry = underWay.get(id) ?? startAsking(id);
    entry.waiting += 1;
    const answer = await Promise.race([entry.answer, over]);
    entry.waiting -= 1;
    return answer;
  }

  return {
    async products(ids, caller) {
      if (isAbandoned(caller)) return ids.map((id) => recall(id) ?? tooLate(caller));
      const { over, dispose } = watch(caller);
      try {
        return await Promise.all(ids.map(async (id) => recall(id) ?? waitFor(id, over)));
      } finally {
        dispose();
      }
    },
  };
}

/** Null if the time to live is 0, which `lru-cache` would treat as unlimited. */
function createCache(max: number, ttlMs: number): LRUCache<string, ProductLookupResult> | null {
  return ttlMs === 0 ? null : new LRUCache({ max, ttl: ttlMs, ttlResolution: 0 });
}

/** Whether a URL can contain the id. An empty id is invalid, and "." and ".." would be resolved as path segments. */
function canBeAsked(id: string): boolean {
  return id !== '' && id !== '.' && id !== '..' && id.isWellFormed();
}

/** Reports when a caller is no longer waiting. `dispose` must be called. */
function watch(caller: Caller): { readonly over: Promise<ProductLookupResult>; readonly dispose: () => void } {
  const { promise: over, resolve } = Promise.withResolvers<ProductLookupResult>();
  const end = () => resolve(tooLate(caller));
  const timer = setTimeout(end, Math.min(caller.deadline - performance.now(), MAX_TIMER_MS));
  caller.signal.addEventListener('abort', end, { once: true });
  return {
    over,
    dispose() {
      clearTimeout(timer);
      caller.signal.removeEventListener('abort', end);
    },
  };
}

function tooLate({ signal }: Caller): ProductLookupResult {
  return unavailable(
    new Error(
      signal.aborted ? 'The client has disconnected.' : 'The deadline passed before the product service answered.',
    ),
  );
}
