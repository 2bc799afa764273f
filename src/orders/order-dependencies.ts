import type { Caller } from './interfaces/caller.js';
import type { OrderReader } from './interfaces/order-reader.js';
import type { OrderWriter } from './interfaces/order-writer.js';
import type { ProductLookup } from './interfaces/product-lookup.js';

/** What the use cases of orders need. */
export interface OrderDependencies {
  readonly writer: OrderWriter;
  readonly readerFor: (caller: Caller) => OrderReader;
  /** Null where every order brings its own names and prices. */
  readonly productLookup: ProductLookup | null;
  readonly fingerprintSecret: Uint8Array;
}
