import { productsToLookUp, type Offer, type RequestedLine } from '../domain/order-lines.js';
import type { Catalogue, Patience } from './ports.js';

export interface LookUp {
  readonly catalogue: Catalogue | null;
  readonly patience: Patience;
  /** Asked before the catalogue is: whether the answer will not be wanted. */
  readonly isNeedless: () => Promise<boolean>;
}

/**
 * Asks the catalogue for what the lines leave to it.
 *
 * @returns offers by product id; empty where the lines bring everything; null where they were needless
 */
export async function lookUp(
  lines: readonly RequestedLine[],
  { catalogue, patience, isNeedless }: LookUp,
): Promise<ReadonlyMap<string, Offer> | null> {
  const ids = catalogue === null ? [] : productsToLookUp(lines);
  if (catalogue === null || ids.length === 0) return new Map();
  if (await isNeedless()) return null;
  const answers = await catalogue.products(ids, patience);
  return new Map(ids.map((id, index) => [id, answers[index] ?? { kind: 'unavailable' }]));
}
