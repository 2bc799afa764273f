import type { Logger } from 'pino';
import type { ProductLookupResult } from '../orders/interfaces/product-lookup.js';
import type { ProductService } from './product-service.js';
import { readProduct, readProducts, unavailable } from './product-responses.js';

/** A product that callers wait for. */
export interface Wanted {
  readonly id: string;
  readonly isWanted: () => boolean;
  /** Called if the product will not be requested. Later callers need a new lookup. */
  readonly drop: () => void;
}

/** One result for each product, in the same order. The promises never reject. */
export type RequestProducts = (wanted: readonly Wanted[]) => Promise<ProductLookupResult>[];

/** Maximum number of products of one request. */
const MAX_BATCH = 100;
/** Maximum length of the encoded ids of one request, so that its request line is short enough for every server. */
const MAX_IDS_LENGTH = 4_000;
const RETRY_MANY_MS = 5 * 60_000;
const INVALID_LOG_INTERVAL_MS = 10_000;

/**
 * Requests products from the product service: several by one request if the service supports it, otherwise each by one
 * request.
 *
 * @param batch `off` requests each product separately
 */
export function createProductRequests(service: ProductService, batch: 'auto' | 'off', log: Logger): RequestProducts {
  let manyFrom = batch === 'off' ? Infinity : 0;
  let invalidLogFrom = 0;

  function report(answer: ProductLookupResult, productId: string): ProductLookupResult {
    if (answer.kind === 'unavailable' && performance.now() >= invalidLogFrom) {
      invalidLogFrom = performance.now() + INVALID_LOG_INTERVAL_MS;
      log.warn({ productId, err: answer.cause }, 'product service sent an invalid response');
    }
    return answer;
  }

  async function askOne(wanted: Wanted): Promise<ProductLookupResult> {
    const { id } = wanted;
    try {
      const isWanted = () => areWanted([wanted]);
      const response = await service.get(`/api/products/${encodeURIComponent(id)}`, { isWanted });
      return report(readProduct(id, response), id);
    } catch (cause) {
      return unavailable(cause as Error);
    }
  }

  /** @returns null if the service does not support requests for several products */
  async function askMany(wanted: readonly Wanted[]): Promise<readonly ProductLookupResult[] | null> {
    const ids = wanted.map(({ id }) => id);
    try {
      const response = await service.get(`/api/products?ids=${ids.map(encodeURIComponent).join(',')}`, {
        isWanted: () => areWanted(wanted),
        isFinal: (status) => status === 501,
      });
      const answers = readProducts(ids, response);
      if (!(answers instanceof Error)) return answers.map((answer, index) => report(answer, ids[index] ?? ''));
      manyFrom = performance.now() + RETRY_MANY_MS;
      log.debug({ err: answers }, 'product service does not support requests for several products');
      return null;
    } catch (cause) {
      return ids.map(() => unavailable(cause as Error));
    }
  }

  return (wanted) => {
    if (performance.now() < manyFrom) return wanted.map(askOne);
    const answers = new Map<Wanted, Promise<ProductLookupResult>>();
    for (const group of groupsOf(wanted)) {
      const answered = group.length > 1 ? askMany(group) : Promise.resolve(null);
      for (const [index, each] of group.entries()) {
        answers.set(
          each,
          answered.then((list) => list?.[index] ?? askOne(each)),
        );
      }
    }
    return wanted.map((each) => answers.get(each) ?? askOne(each));
  };
}

function areWanted(wanted: readonly Wanted[]): boolean {
  if (wanted.some((each) => each.isWanted())) return true;
  for (const each of wanted) each.drop();
  return false;
}

/**
 * Groups of products to request together. Products without waiting callers are left out. So are ids with a comma, which
 * some servers would read as two ids.
 */
function groupsOf(wanted: readonly Wanted[]): Wanted[][] {
  const groups: Wanted[][] = [];
  let length = Infinity;
  for (const each of wanted) {
    if (each.id.includes(',') || !each.isWanted()) continue;
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
