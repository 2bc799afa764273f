import type { Caller } from './caller.js';

/** A product as the catalogue sells it. */
export interface Product {
  readonly id: string;
  readonly name: string;
  /** Of one piece, in major units: a plain decimal ("12.50"). */
  readonly price: string;
  /** ISO 4217. */
  readonly currency: string;
}

/** What the catalogue says of a product id. */
export type ProductLookupResult =
  | { readonly kind: 'found'; readonly product: Product }
  | { readonly kind: 'unknown' }
  /** It could not be asked, or its answer made no sense; asking again later may help. */
  | { readonly kind: 'unavailable'; readonly cause: Error };

/** Where names and prices come from that orders do not bring themselves. */
export interface ProductLookup {
  /** One answer an id, in the ids' order. Never rejects: a service that fails is `unavailable`. */
  products(ids: readonly string[], caller: Caller): Promise<readonly ProductLookupResult[]>;
}
