import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { isOver } from '../orders/interfaces/caller.js';
import type { Caller } from '../orders/interfaces/caller.js';
import type { ProductLookup, ProductLookupResult } from '../orders/interfaces/product-lookup.js';
import { createProductService, type ProductServiceOptions } from './product-service.js';
import { createProductRequests, type Wanted } from './product-requests.js';
import { unavailable } from './product-responses.js';

export interface HttpProductLookupOptions extends ProductServiceOptions {
  /** How long a known product is remembered; an unknown one is for at most a second, a failure never. */
  readonly cacheSeconds: number;
  /** How many known products, and how many unknown ones, are remembered at most. */
  readonly maxCached: number;
  /** `auto` asks for several products by one request where the service knows that. */
  readonly batch: 'auto' | 'off';
}

/** A product that was asked for and is not answered yet. */
interface UnderWay extends Wanted {
  /** How many callers wait for it. */
  waiting: number;
  readonly answer: Promise<ProductLookupResult>;
}

const UNKNOWN: ProductLookupResult = { kind: 'unknown' };
const UNKNOWN_MS = 1_000;
/** The longest that setTimeout waits. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The catalogue of a product service that is called over HTTP; docs/catalogue.md says what it has to answer. Callers
 * that want the same product at a time share one request. Throws where the URL is not usable.
 */
export function createHttpProductLookup(options: HttpProductLookupOptions, log: Logger): ProductLookup {
  const { maxCached } = options;
  const cacheMs = options.cacheSeconds * 1_000;
  const known = createCache(maxCached, cacheMs);
  const unknown = createCache(maxCached, Math.min(cacheMs, UNKNOWN_MS)); // apart, so that it evicts no known product
  const underWay = new Map<string, UnderWay>();
  const ask = createProductRequests(createProductService(options, log), options.batch, log);
  // Only gathers. A hit in its cache would wait for the batch that is being gathered, so what is known is kept here.
  const loader = new DataLoader<UnderWay, ProductLookupResult>(
    (wanted) => Promise.resolve(ask(wanted) as unknown as ProductLookupResult[]), // it waits for promises, each for itself
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

  /** The answer, where it needs no request. */
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
      if (isOver(caller)) return ids.map((id) => recall(id) ?? tooLate(caller));
      const { over, dispose } = watch(caller);
      try {
        return await Promise.all(ids.map(async (id) => recall(id) ?? waitFor(id, over)));
      } finally {
        dispose();
      }
    },
  };
}

/** Null without a time to live, which `lru-cache` takes for an unlimited one. */
function createCache(max: number, ttlMs: number): LRUCache<string, ProductLookupResult> | null {
  return ttlMs === 0 ? null : new LRUCache({ max, ttl: ttlMs, ttlResolution: 0 });
}

/** Whether a URL can hold the id: there is no product without id, and dots alone would be taken for folders. */
function canBeAsked(id: string): boolean {
  return id !== '' && id !== '.' && id !== '..' && id.isWellFormed();
}

/** Tells when a caller is no longer waiting. `dispose` must be called. */
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
