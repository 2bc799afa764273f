import type { DecimalInput } from './decimal.js';
import type { FieldPath, InputProblem } from './errors.js';
import { ORDER_LIMITS } from './limits.js';
import { exponentOf, formatMoney, toMinor } from './money.js';
import type { OrderLine } from './order.js';
import { Problems } from './input-problems.js';

/** A line as requested by a client. Prices are plain decimals in major units ("12.50"). */
export interface LineInput {
  readonly productId?: string | null | undefined;
  readonly sku?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly quantity: number;
  readonly unitPrice?: DecimalInput | null | undefined;
  readonly expectedUnitPrice?: DecimalInput | null | undefined;
}

/** A validated line. A missing name or price comes from the catalogue. */
export interface RequestedLine {
  readonly productId: string | null;
  readonly sku: string | null;
  readonly name: string | null;
  readonly quantity: number;
  readonly unitPrice: bigint | null;
  readonly expectedUnitPrice: bigint | null;
}

/** The result of the product lookup for one product. */
export type LookedUpProduct =
  | {
      readonly kind: 'found';
      readonly product: { readonly name: string; readonly price: string; readonly currency: string };
    }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unavailable' };

/**
 * Validates requested lines.
 *
 * @param exponent of the order's currency; undefined if it is unknown and reported already
 * @param catalogue whether missing names and prices can be looked up by product id
 */
export function requestLines(
  items: readonly LineInput[],
  { exponent, catalogue }: { readonly exponent: number | undefined; readonly catalogue: boolean },
  at: FieldPath,
  problems: Problems,
): RequestedLine[] {
  if (items.length === 0) problems.add('REQUIRED', at, 'items must contain at least 1 entry.');
  if (items.length > ORDER_LIMITS.items) {
    const message = `items must contain at most ${ORDER_LIMITS.items} entries; it contains ${items.length}.`;
    problems.add('LIMIT_EXCEEDED', at, message);
    return [];
  }
  return items.map((item, index) => {
    const field = [...at, String(index)];
    const line = requestLine(item, exponent, field, problems);
    if (catalogue && line.productId !== null) return line;
    const instead = catalogue ? ' unless the item has a productId' : '';
    if (line.name === null) problems.add('REQUIRED', [...field, 'name'], `name is required${instead}.`);
    if (line.unitPrice === null) problems.add('REQUIRED', [...field, 'unitPrice'], `unitPrice is required${instead}.`);
    return line;
  });
}

function requestLine(item: LineInput, exponent: number | undefined, at: FieldPath, problems: Problems): RequestedLine {
  return {
    productId: problems.id(item.productId, [...at, 'productId'], ORDER_LIMITS.productId),
    sku: problems.id(item.sku, [...at, 'sku'], ORDER_LIMITS.sku),
    name: problems.text(item.name, [...at, 'name'], ORDER_LIMITS.itemName),
    quantity: quantityOf(item, [...at, 'quantity'], problems),
    unitPrice: problems.amount(item.unitPrice, [...at, 'unitPrice'], exponent),
    expectedUnitPrice: problems.amount(item.expectedUnitPrice, [...at, 'expectedUnitPrice'], exponent),
  };
}

function quantityOf({ quantity }: LineInput, field: FieldPath, problems: Problems): number {
  if (quantity < 1) problems.add('INVALID', field, `quantity must be 1 or more; it is ${quantity}.`);
  else if (quantity > ORDER_LIMITS.quantity) {
    problems.add('LIMIT_EXCEEDED', field, `quantity must be at most ${ORDER_LIMITS.quantity}; it is ${quantity}.`);
  }
  return quantity;
}

/** The ids of the products whose name or price is missing, without duplicates. */
export function productsToLookUp(lines: readonly RequestedLine[]): readonly string[] {
  const ids = lines.flatMap(({ productId, name, unitPrice }) =>
    productId !== null && (name === null || unitPrice === null) ? productId : [],
  );
  return [...new Set(ids)];
}

/**
 * Completes lines from the product lookup, and compares every price with the expected one.
 *
 * @param products by product id: a result for each of `productsToLookUp`
 */
export function priceLines(
  lines: readonly RequestedLine[],
  currency: string,
  products: ReadonlyMap<string, LookedUpProduct>,
  at: FieldPath,
): { readonly lines: readonly OrderLine[] } | { readonly problems: readonly InputProblem[] } {
  const problems = new Problems();
  const priced = lines.map((line, index) => {
    const field = [...at, String(index)];
    const { productId, sku, quantity, expectedUnitPrice } = line;
    const complete = completeLine(line, { currency, products, field, problems });
    const { name, unitPrice } = complete ?? { name: '', unitPrice: expectedUnitPrice ?? 0n };
    if (expectedUnitPrice !== null && expectedUnitPrice !== unitPrice) {
      const price = `${formatMoney({ minor: unitPrice, currency })} ${currency}`;
      problems.add(
        'PRICE_CHANGED',
        [...field, 'expectedUnitPrice'],
        `The unit price differs from expectedUnitPrice; it is ${price}.`,
      );
    }
    return { productId, sku, name, quantity, unitPrice, subtotal: unitPrice * BigInt(quantity) };
  });
  return problems.list.length > 0 ? { problems: problems.list } : { lines: priced };
}

interface Pricing {
  readonly currency: string;
  readonly products: ReadonlyMap<string, LookedUpProduct>;
  readonly field: FieldPath;
  readonly problems: Problems;
}

type NameAndPrice = Pick<OrderLine, 'name' | 'unitPrice'>;

/** The name and price of the line or of its product; null if there is a problem. */
function completeLine({ productId, name, unitPrice }: RequestedLine, pricing: Pricing): NameAndPrice | null {
  if (name !== null && unitPrice !== null) return { name, unitPrice };
  const { products, field, problems } = pricing;
  const productField = [...field, 'productId'];
  const product = products.get(productId ?? '') ?? { kind: 'unavailable' };
  switch (product.kind) {
    case 'unknown':
      problems.add('NOT_FOUND', productField, 'The catalogue has no product with this productId.');
      return null;
    case 'unavailable': {
      const message = 'The catalogue is unavailable. Retry later, or send name and unitPrice.';
      problems.add('CATALOGUE_UNAVAILABLE', productField, message);
      return null;
    }
    case 'found': {
      const price = unitPrice ?? priceOf(product.product, pricing);
      return price === null ? null : { name: name ?? product.product.name, unitPrice: price };
    }
  }
}

function priceOf(
  product: { readonly price: string; readonly currency: string },
  { currency, field, problems }: Pricing,
): bigint | null {
  const productField = [...field, 'productId'];
  if (product.currency !== currency) {
    const message = `The price in the catalogue is in ${product.currency}; the currency of the order is ${currency}.`;
    problems.add('INVALID', productField, message);
    return null;
  }
  const minor = toMinor(product.price, exponentOf(currency));
  if (typeof minor === 'bigint' && minor >= 0n) return minor;
  problems.add('INVALID', productField, `The price in the catalogue is not a valid amount of ${currency}.`);
  return null;
}
