import type { InputProblem } from './errors.js';
import { CURRENCY_EXPONENTS, MAX_MINOR, toMinor } from './money.js';
import type { OrderDraft, OrderLine } from './order.js';

/** What bounds an order. Lengths are in UTF-16 code units. */
export const ORDER_LIMITS = {
  items: 200,
  quantity: 1_000_000,
  customerId: 128,
  customerName: 200,
  customerEmail: 254,
  productId: 128,
  sku: 128,
  itemName: 500,
  notes: 4_000,
  reason: 1_000,
  idempotencyKey: 255,
} as const;

/** An order as a client asks for it. Prices are plain decimals in major units ("12.50"). */
export interface DraftInput {
  readonly customerId?: string | null | undefined;
  readonly customerName?: string | null | undefined;
  readonly customerEmail?: string | null | undefined;
  readonly currency: string;
  readonly notes?: string | null | undefined;
  readonly items: readonly DraftLineInput[];
}

export interface DraftLineInput {
  readonly productId?: string | null | undefined;
  readonly sku?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly quantity: number;
  readonly unitPrice?: string | null | undefined;
}

/** Collects every broken rule, so that a client can mend all of them at once. */
class Problems {
  readonly list: InputProblem[] = [];

  add(code: InputProblem['code'], field: readonly string[], message: string): void {
    this.list.push({ code, field, message });
  }

  /** An id is compared letter by letter elsewhere, so it is never trimmed: blanks around it are a problem. */
  id(value: string | null | undefined, field: readonly string[], limit: number): string | null {
    const trimmed = this.text(value, field, limit);
    if (trimmed !== '' && trimmed !== (value ?? null)) {
      this.add('INVALID', field, `${field.at(-1) ?? ''} must not begin or end with white space.`);
    }
    return trimmed;
  }

  /** Trims a text; null stays null, blank and over-long texts are problems. */
  text(value: string | null | undefined, field: readonly string[], limit: number): string | null {
    if (value === null || value === undefined) return null;
    const trimmed = value.trim();
    const name = field.at(-1) ?? '';
    if (trimmed === '') this.add('INVALID', field, `${name} must not be blank.`);
    else if (trimmed.length > limit) {
      this.add('LIMIT_EXCEEDED', field, `${name} must have at most ${limit} characters; it has ${trimmed.length}.`);
    }
    return trimmed;
  }
}

/**
 * Checks what a client asks for and works out the sums, exactly.
 *
 * @param at where the input stands in the mutation's arguments, for the problems' paths
 * @returns the draft, or every rule it breaks
 */
export function draftOrder(
  input: DraftInput,
  at: readonly string[],
): { readonly draft: OrderDraft } | { readonly problems: readonly InputProblem[] } {
  const problems = new Problems();
  const exponent = CURRENCY_EXPONENTS.get(input.currency);
  if (exponent === undefined) {
    problems.add(
      'INVALID',
      [...at, 'currency'],
      `currency must be an ISO 4217 code such as USD; ${input.currency} is none.`,
    );
  }
  const customer = {
    customerId: problems.id(input.customerId, [...at, 'customerId'], ORDER_LIMITS.customerId),
    customerName: problems.text(input.customerName, [...at, 'customerName'], ORDER_LIMITS.customerName),
    customerEmail: problems.text(input.customerEmail, [...at, 'customerEmail'], ORDER_LIMITS.customerEmail),
  };
  const notes = problems.text(input.notes, [...at, 'notes'], ORDER_LIMITS.notes);
  const lines = draftLines(input.items, exponent, [...at, 'items'], problems);
  const total = lines.reduce((sum, line) => sum + line.subtotal, 0n);
  if (total > MAX_MINOR) {
    problems.add('LIMIT_EXCEEDED', [...at, 'items'], 'The total is larger than an order can hold.');
  }
  if (problems.list.length > 0) return { problems: problems.list };
  return { draft: { ...customer, currency: input.currency, notes, lines, subtotal: total, total } };
}

function draftLines(
  items: readonly DraftLineInput[],
  exponent: number | undefined,
  at: readonly string[],
  problems: Problems,
): OrderLine[] {
  if (items.length === 0) problems.add('REQUIRED', at, 'An order needs at least one item.');
  if (items.length > ORDER_LIMITS.items) {
    problems.add(
      'LIMIT_EXCEEDED',
      at,
      `An order has at most ${ORDER_LIMITS.items} items; this one has ${items.length}.`,
    );
    return [];
  }
  return items.map((item, index) => draftLine(item, exponent, [...at, String(index)], problems));
}

function draftLine(
  item: DraftLineInput,
  exponent: number | undefined,
  at: readonly string[],
  problems: Problems,
): OrderLine {
  const name = problems.text(item.name, [...at, 'name'], ORDER_LIMITS.itemName);
  if (name === null) problems.add('REQUIRED', [...at, 'name'], 'name is required.');
  checkQuantity(item.quantity, [...at, 'quantity'], problems);
  const unitPrice = priceOf(item.unitPrice, exponent, [...at, 'unitPrice'], problems);
  return {
    productId: problems.id(item.productId, [...at, 'productId'], ORDER_LIMITS.productId),
    sku: problems.id(item.sku, [...at, 'sku'], ORDER_LIMITS.sku),
    name: name ?? '',
    quantity: item.quantity,
    unitPrice,
    subtotal: unitPrice * BigInt(item.quantity),
  };
}

function checkQuantity(quantity: number, field: readonly string[], problems: Problems): void {
  if (quantity < 1) problems.add('INVALID', field, `quantity must be 1 or more; it is ${quantity}.`);
  else if (quantity > ORDER_LIMITS.quantity) {
    problems.add('LIMIT_EXCEEDED', field, `quantity must be at most ${ORDER_LIMITS.quantity}; it is ${quantity}.`);
  }
}

function priceOf(
  price: string | null | undefined,
  exponent: number | undefined,
  field: readonly string[],
  problems: Problems,
): bigint {
  if (price === null || price === undefined) {
    problems.add('REQUIRED', field, 'unitPrice is required.');
    return 0n;
  }
  if (exponent === undefined) return 0n; // the unknown currency is the problem to report
  const minor = toMinor(price, exponent);
  if (minor === 'too-many-decimals') {
    problems.add(
      'INVALID',
      field,
      `unitPrice must have at most ${exponent} decimals in this currency; it is ${price}.`,
    );
  } else if (minor === 'out-of-range') {
    problems.add('LIMIT_EXCEEDED', field, 'unitPrice is larger than an order can hold.');
  } else if (minor < 0n) {
    problems.add('INVALID', field, `unitPrice must not be negative; it is ${price}.`);
  } else {
    return minor;
  }
  return 0n;
}
