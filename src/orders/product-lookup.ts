import { productsToLookUp, type LookedUpProduct, type RequestedLine } from '../domain/order-lines.js';
import type { Caller } from './interfaces/caller.js';
import type { ProductLookup } from './interfaces/product-lookup.js';

export interface LookUp {
  readonly catalogue: ProductLookup | null;
  readonly caller: Caller;
  /** Asked before the catalogue is: whether the answer will not be wanted. */
  readonly isNeedless: () => Promise<boolean>;
}

/**
 * Asks the catalogue for what the lines leave to it.
 *
 * @returns products by product id; empty where the lines bring everything; null where they were needless
 */
export async function lookUp(
  lines: readonly RequestedLine[],
  { catalogue, caller, isNeedless }: LookUp,
): Promise<ReadonlyMap<string, LookedUpProduct> | null> {
  const ids = catalogue === null ? [] : productsToLookUp(lines);
  if (catalogue === null || ids.length === 0) return new Map();
  if (await isNeedless()) return null;
  const answers = await catalogue.products(ids, caller);
  return new Map(ids.map((id, index) => [id, answers[index] ?? { kind: 'unavailable' }]));
}
