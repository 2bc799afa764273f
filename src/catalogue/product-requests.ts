import type { Logger } from 'pino';
import type { ProductLookupResult } from '../orders/interfaces/product-lookup.js';
import type { ProductService } from './product-service.js';
import { readProduct, readProducts, unavailable } from './product-responses.js';

/** A product that callers wait for. */
export interface Wanted {
  readonly id: string;
  readonly isWanted: () => boolean;
  /** Tells that it will not be asked for: who wants it from now on has to ask anew. */
  readonly drop: () => void;
}

/** One answer each, in the same order; none of the promises rejects. */
export type RequestProducts = (wanted: readonly Wanted[]) => Promise<ProductLookupResult>[];

/** The most products that one request asks for. */
const MAX_BATCH = 100;
/** Of the ids in one request, encoded: with them its first line stays below what any server takes. */
const MAX_IDS_LENGTH = 4_000;
const MANY_AGAIN_MS = 5 * 60_000;
const NONSENSE_LOG_MS = 10_000;

/**
 * Asks the product service: for several products by one request where it knows such requests, otherwise by one request
 * each.
 *
 * @param batch `off` never asks for several at a time
 */
export function createProductRequests(service: ProductService, batch: 'auto' | 'off', log: Logger): RequestProducts {
  let manyFrom = batch === 'off' ? Infinity : 0;
  let nonsenseLogFrom = 0;

  function report(answer: ProductLookupResult, productId: string): ProductLookupResult {
    if (answer.kind === 'unavailable' && performance.now() >= nonsenseLogFrom) {
      nonsenseLogFrom = performance.now() + NONSENSE_LOG_MS;
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

  /** @returns null where the service does not know such requests */
  async function askMany(wanted: readonly Wanted[]): Promise<readonly ProductLookupResult[] | null> {
    const ids = wanted.map(({ id }) => id);
    try {
      const response = await service.get(`/api/products?ids=${ids.map(encodeURIComponent).join(',')}`, {
        isWanted: () => areWanted(wanted),
        isFinal: (status) => status === 501,
      });
      const answers = readProducts(ids, response);
      if (!(answers instanceof Error)) return answers.map((answer, index) => report(answer, ids[index] ?? ''));
      manyFrom = performance.now() + MANY_AGAIN_MS;
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
 * What is best asked for together: not what nobody waits for any more, and no id with a comma, which not every server
 * tells from two ids.
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
