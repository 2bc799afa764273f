import { z } from 'zod';
import type { Product, ProductLookupResult } from '../orders/interfaces/product-lookup.js';

/** The response of the product service to one request. */
export interface ProductResponse {
  readonly status: number;
  /** The body after decompression. */
  readonly body: Uint8Array | 'too-large';
}

const NAME_LENGTH = 500;
const PRICE_LENGTH = 40;
/** The digits that a JSON number represents exactly. */
const NUMBER_DIGITS = 15;
const PLAIN_DECIMAL = /^\d+(\.\d+)?$/;

const PRICE_RULE = 'is neither a plain decimal nor a plain number of at most 15 digits';

const priceSchema = z
  .union([z.string(), z.number()], PRICE_RULE)
  .refine((price) => (typeof price === 'string' ? price.length <= PRICE_LENGTH : hasExactDigits(price)), PRICE_RULE)
  .transform(String)
  .refine((price) => PLAIN_DECIMAL.test(price), PRICE_RULE);

const productSchema = z.object({
  id: z.string('is not a string'),
  name: z
    .string('is not a string')
    .max(NAME_LENGTH, `is longer than ${NAME_LENGTH} characters`)
    .refine((name) => name.trim() !== '', 'is blank')
    .refine((name) => name.isWellFormed() && !name.includes('\0'), 'contains NUL or an unpaired surrogate'),
  price: priceSchema,
  currency: z.string('is not a string').regex(/^[A-Z]{3}$/, 'is not three capital letters'),
});

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
    return unavailable(new Error(`The product service answered with status ${response.status}.`));
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
  const asked = new Set(ids);
  const answers = new Map<string, ProductLookupResult>();
  for (const entry of list.data.products) {
    const identified = identifiedSchema.safeParse(entry);
    // A service that ignores `ids` returns any products. The requested ones among the others would wrongly be unknown.
    if (!identified.success || !asked.has(identified.data.id)) return new Error('products that were not asked for');
    const { id } = identified.data;
    if (answers.has(id)) answers.set(id, unavailable(new Error('The product service returned the product twice.')));
    else answers.set(id, checkProduct(id, entry));
  }
  return ids.map((id) => answers.get(id) ?? { kind: 'unknown' });
}

function checkProduct(id: string, json: unknown): ProductLookupResult {
  const parsed = productSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const what = issue === undefined || issue.path.length === 0 ? 'the product' : `its ${issue.path.join('.')}`;
    const problem = issue === undefined || issue.path.length === 0 ? 'is not a JSON object' : issue.message;
    return unavailable(new Error(`The response of the product service is not valid: ${what} ${problem}.`));
  }
  const product: Product = parsed.data;
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

/** Leading zeros do not count. Trailing zeros do, because the number may have been rounded to them. */
function hasExactDigits(value: number): boolean {
  const digits = String(value)
    .replace(/^[0.]+/, '')
    .replace('.', '');
  return digits.length <= NUMBER_DIGITS;
}
