import { z } from 'zod';
import type { ProductLookupResult } from '../orders/interfaces/product-lookup.js';
import { productSchema } from './product-schema.js';

/** The response of the product service to one request. */
export interface ProductResponse {
  readonly status: number;
  /** The body after decompression. */
  readonly body: Uint8Array | 'too-large';
}

const listSchema = z.object({ products: z.array(z.unknown()) });
const identifiedSchema = z.object({ id: z.string() });

/** The result if the service is unreachable or its response is invalid. */
export function unavailable(cause: Error): ProductLookupResult {
  return { kind: 'unavailable', cause };
}

/** Reads the response to the request for one product. An invalid response is `unavailable`, with its defect as the cause. */
export function readProduct(id: string, response: ProductResponse): ProductLookupResult {
  if (response.status === 404) return { kind: 'unknown' };
  if (response.status !== 200)
    return unavailable(new Error(`The product service responded with status ${response.status}.`));
  const json = readJson(response);
  return json instanceof Error ? unavailable(json) : checkProduct(id, json);
}

/**
 * Reads the response to the request for several products.
 *
 * @param ids the requested ids, without duplicates
 * @returns one result per id, in the order of the ids; or why the service does not seem to support this request
 */
export function readProducts(
  ids: readonly string[],
  response: ProductResponse,
): readonly ProductLookupResult[] | Error {
  if (response.status === 401 || response.status === 403) return ids.map((id) => readProduct(id, response));
  if (response.status !== 200) return new Error(`status ${response.status}`);
  const json = readJson(response);
  if (json instanceof Error) return json;
  const list = listSchema.safeParse(json);
  if (!list.success) return new Error('no list of products');
  const requested = new Set(ids);
  const results = new Map<string, ProductLookupResult>();
  for (const entry of list.data.products) {
    const identified = identifiedSchema.safeParse(entry);
    // A service that ignores `ids` returns any products. The requested ones among the others would wrongly be unknown.
    if (!identified.success || !requested.has(identified.data.id)) return new Error('products that were not requested');
    const { id } = identified.data;
    if (results.has(id)) results.set(id, unavailable(new Error('The product service returned the product twice.')));
    else results.set(id, checkProduct(id, entry));
  }
  return ids.map((id) => results.get(id) ?? { kind: 'unknown' });
}

function checkProduct(id: string, json: unknown): ProductLookupResult {
  const parsed = productSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const what = issue === undefined || issue.path.length === 0 ? 'the product' : `its ${issue.path.join('.')}`;
    const problem = issue === undefined || issue.path.length === 0 ? 'is not a JSON object' : issue.message;
    return unavailable(new Error(`The response of the product service is not valid: ${what} ${problem}.`));
  }
  const product = parsed.data;
  if (product.id !== id) return unavailable(new Error('The product service returned another product.'));
  return { kind: 'found', product };
}

function readJson({ body }: ProductResponse): unknown {
  if (body === 'too-large')
    return new Error('The response of the product service must have at most 1 MB; it is larger.');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    return new Error('The response of the product service is not valid JSON.', { cause });
  }
}
