import type { Logger } from 'pino';
import type { ProductLookupResult } from '../orders/interfaces/product-lookup.js';
import type { ProductService } from './product-service.js';
import { readProduct, readProducts, unavailable } from './product-responses.js';

/** A lookup of a product by the service. */
export interface PendingLookup {
  readonly id: string;
  /** Whether callers wait for its result. */
  readonly hasWaiters: () => boolean;
  /** Called if the product will not be requested. Later callers need a new lookup. */
  readonly drop: () => void;
}

/** One result for each product, in the same order. The promises never reject. */
export type RequestProducts = (lookups: readonly PendingLookup[]) => Promise<ProductLookupResult>[];

/** Maximum number of products of one request. */
const MAX_BATCH = 100;
/** Maximum length of the encoded ids of one request, so that its request line is short enough for every server. */
const MAX_IDS_LENGTH = 4_000;
const RETRY_SEVERAL_MS = 5 * 60_000;
const INVALID_LOG_INTERVAL_MS = 10_000;

/**
 * Requests products from the product service: several by one request if the service supports it, otherwise each by one
 * request.
 *
 * @param batch `off` requests each product separately
 */
export function createProductRequests(service: ProductService, batch: 'auto' | 'off', log: Logger): RequestProducts {
  let severalFrom = batch === 'off' ? Infinity : 0;
  let invalidLogFrom = 0;

  function report(result: ProductLookupResult, productId: string): ProductLookupResult {
    if (result.kind === 'unavailable' && performance.now() >= invalidLogFrom) {
      invalidLogFrom = performance.now() + INVALID_LOG_INTERVAL_MS;
      log.warn({ productId, err: result.cause }, 'product service sent an invalid response');
    }
    return result;
  }

  async function requestOne(lookup: PendingLookup): Promise<ProductLookupResult> {
    const { id } = lookup;
    try {
      const hasWaiters = () => haveWaiters([lookup]);
      const response = await service.get(`/api/products/${encodeURIComponent(id)}`, { hasWaiters });
      return report(readProduct(id, response), id);
    } catch (cause) {
      return unavailable(cause as Error);
    }
  }

  /** @returns null if the service does not support requests for several products */
  async function requestSeveral(lookups: readonly PendingLookup[]): Promise<readonly ProductLookupResult[] | null> {
    const ids = lookups.map(({ id }) => id);
    try {
      const response = await service.get(`/api/products?ids=${ids.map(encodeURIComponent).join(',')}`, {
        hasWaiters: () => haveWaiters(lookups),
        isFinal: (status) => status === 501,
      });
      const results = readProducts(ids, response);
      if (!(results instanceof Error)) return results.map((result, index) => report(result, ids[index] ?? ''));
      severalFrom = performance.now() + RETRY_SEVERAL_MS;
      log.debug({ err: results }, 'product service does not support requests for several products');
      return null;
    } catch (cause) {
      return ids.map(() => unavailable(cause as Error));
    }
  }

  return (lookups) => {
    if (performance.now() < severalFrom) return lookups.map(requestOne);
    const results = new Map<PendingLookup, Promise<ProductLookupResult>>();
    for (const group of groupsOf(lookups)) {
      const requested = group.length > 1 ? requestSeveral(group) : Promise.resolve(null);
      for (const [index, each] of group.entries()) {
        results.set(
          each,
          requested.then((list) => list?.[index] ?? requestOne(each)),
        );
      }
    }
    return lookups.map((each) => results.get(each) ?? requestOne(each));
  };
}

/** Drops lookups without waiting callers. */
function haveWaiters(lookups: readonly PendingLookup[]): boolean {
  if (lookups.some((each) => each.hasWaiters())) return true;
  for (const each of lookups) each.drop();
  return false;
}

/**
 * Groups of products to request together. Products without waiting callers are left out. So are ids with a comma, which
 * some servers would read as two ids.
 */
function groupsOf(lookups: readonly PendingLookup[]): PendingLookup[][] {
  const groups: PendingLookup[][] = [];
  let length = Infinity;
  for (const each of lookups) {
    if (each.id.includes(',') || !each.hasWaiters()) continue;
    const more = encodeURIComponent(each.id).length + 1;
    const group = groups.at(-1);
    if (group === undefined || group.length >= MAX_BATCH || length + more > MAX_IDS_LENGTH) {
      groups.push([each]);
      length = more;
    } else {
      group.push(each);
      length += more;
    }
  }
  return groups;
}
