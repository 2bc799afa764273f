import { z } from 'zod';
import type { ProductLookupResult } from '../orders/interfaces/product-lookup.js';
import { productSchema } from './product-schema.js';

/** A result that servers share, found or unknown. */
export interface SharedProductEntry {
  readonly id: string;
  /** When the product service returned it, in milliseconds by the clock of the store. */
  readonly at: number;
  readonly result: ProductLookupResult;
}

/** Longer than any entry: a name has at most 500 characters, an id 128, and JSON escapes have at most 6 each. */
const MAX_LENGTH = 5_000;

const schema = z.object({ id: z.string(), at: z.number(), product: productSchema.omit({ id: true }).nullable() });

export function formatEntry({ id, at, result }: SharedProductEntry): string {
  if (result.kind !== 'found') return JSON.stringify({ id, at, product: null });
  const { name, price, currency } = result.product;
  return JSON.stringify({ id, at, product: { name, price, currency } });
}

/** Reads the entry of a product. Other programs may have written the text. */
export function parseEntry(id: string, text: string): SharedProductEntry | Error {
  if (text.length > MAX_LENGTH) return new Error('The entry of the product is too long.');
  const parsed = schema.safeParse(readJson(text));
  if (!parsed.success) return new Error('The entry of the product does not have its format.');
  const { at, product } = parsed.data;
  if (parsed.data.id !== id) return new Error('The entry is of another product.');
  return { id, at, result: product === null ? { kind: 'unknown' } : { kind: 'found', product: { id, ...product } } };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // is not valid by the schema
  }
}
