import type { KeyObject } from 'node:crypto';
import type { Caller } from './interfaces/caller.js';
import type { OrderReader } from './interfaces/order-reader.js';
import type { OrderWriter } from './interfaces/order-writer.js';
import type { ProductLookup } from './interfaces/product-lookup.js';

/** The dependencies of the use cases of orders. */
export interface OrderDependencies {
  readonly writer: OrderWriter;
  readonly readerFor: (caller: Caller) => OrderReader;
  /** Null if every item must have a name and a price. */
  readonly productLookup: ProductLookup | null;
  readonly fingerprintSecret: KeyObject;
}
