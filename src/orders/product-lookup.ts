import { productsToLookUp, type LookedUpProduct, type RequestedLine } from '../domain/order-lines.js';
import type { Caller } from './interfaces/caller.js';
import type { ProductLookup } from './interfaces/product-lookup.js';

/**
 * Looks up the products whose names or prices the lines leave out.
 *
 * @param isReplay called before the lookup, which is skipped for a replay
 * @returns products by product id, empty where the lines are complete; null for a replay
 */
export async function lookUpProducts(
  productLookup: ProductLookup | null,
  lines: readonly RequestedLine[],
  caller: Caller,
  isReplay: () => Promise<boolean>,
): Promise<ReadonlyMap<string, LookedUpProduct> | null> {
  const ids = productLookup === null ? [] : productsToLookUp(lines);
  if (productLookup === null || ids.length === 0) return new Map();
  if (await isReplay()) return null;
  const results = await productLookup.products(ids, caller);
  return new Map(ids.map((id, index) => [id, results[index] ?? { kind: 'unavailable' }]));
}
