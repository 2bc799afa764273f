import type { Caller } from './caller.js';

/** A product of the catalogue. */
export interface Product {
  readonly id: string;
  readonly name: string;
  /** Unit price in major units: a plain decimal ("12.50"). */
  readonly price: string;
  /** ISO 4217. */
  readonly currency: string;
}

/** The result for one product id. */
export type ProductLookupResult =
  | { readonly kind: 'found'; readonly product: Product }
  | { readonly kind: 'unknown' }
  /** The service failed, or its response was invalid; a later lookup may succeed. */
  | { readonly kind: 'unavailable'; readonly cause: Error };

/** Looks up the names and prices that requests leave out. */
export interface ProductLookup {
  /** A result for each id, in their order. Never rejects: a failure is `unavailable`. */
  products(ids: readonly string[], caller: Caller): Promise<readonly ProductLookupResult[]>;
}
