import type { DecimalInput } from './decimal.js';
import { readDetails, type DetailsInput } from './order-details.js';
import type { FieldPath, InputProblem } from './errors.js';
import { ORDER_LIMITS } from './limits.js';
import { requestLines, type LineInput, type RequestedLine } from './order-lines.js';
import { CURRENCY_EXPONENTS, formatMoney, MAX_MINOR } from './money.js';
import { AMOUNTS, type Amounts, type OrderDetails, type OrderDraft, type OrderLine, type Sums } from './order.js';
import { Problems } from './input-problems.js';

/** An order as a client asks for it. Amounts are plain decimals in major units ("12.50"). */
export interface DraftInput extends DetailsInput, AmountsInput {
  readonly customerId?: string | null | undefined;
  readonly currency: string;
  readonly items: readonly LineInput[];
}

/** What a client says of an order's amounts beside its lines. */
export interface AmountsInput {
  readonly shipping?: DecimalInput | null | undefined;
  readonly discount?: DecimalInput | null | undefined;
  readonly tax?: DecimalInput | null | undefined;
  readonly expectedTotal?: DecimalInput | null | undefined;
}

/** A checked and normalised request for an order, some of whose prices the catalogue may have yet to tell. */
export interface OrderRequest {
  readonly details: OrderDetails;
  readonly lines: readonly RequestedLine[];
  readonly shipping: bigint;
  readonly tax: bigint;
  readonly discount: bigint;
  readonly expectedTotal: bigint | null;
}

type Checked<K extends string, T> = { readonly [P in K]: T } | { readonly problems: readonly InputProblem[] };

/**
 * Checks what a client asks for.
 *
 * @param at where the input stands in the mutation's arguments, for the problems' paths
 * @param catalogue whether names and prices may be left to a catalogue
 * @returns the request, or every rule it breaks
 */
export function requestOrder(input: DraftInput, at: FieldPath, catalogue: boolean): Checked<'request', OrderRequest> {
  const problems = new Problems();
  const exponent = CURRENCY_EXPONENTS.get(input.currency);
  if (exponent === undefined) {
    const message = `currency must be an ISO 4217 code such as USD; it is ${JSON.stringify(input.currency.slice(0, 40))}.`;
    problems.add('INVALID', [...at, 'currency'], message);
  }
  const request = {
    details: readWhole(input, at, problems),
    lines: requestLines(input.items, { exponent, catalogue }, [...at, 'items'], problems),
    ...NO_AMOUNTS,
    ...readGivenAmounts(input, exponent, at, problems),
    expectedTotal: problems.amount(input.expectedTotal, [...at, 'expectedTotal'], exponent),
  };
  return problems.list.length > 0 ? { problems: problems.list } : { request };
}

const NO_AMOUNTS: Amounts = { shipping: 0n, tax: 0n, discount: 0n };

/** Checks the amounts that are given; null is 0. */
export function readGivenAmounts(
  input: AmountsInput,
  exponent: number | undefined,
  at: FieldPath,
  problems: Problems,
): Partial<Amounts> {
  const given = AMOUNTS.filter((name) => input[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, problems.amount(input[name], [...at, name], exponent) ?? 0n]));
}

function readWhole(input: DraftInput, at: FieldPath, problems: Problems): OrderDetails {
  const { customerId, currency } = input;
  return {
    customerId: problems.id(customerId, [...at, 'customerId'], ORDER_LIMITS.customerId),
    currency,
    ...readDetails(input, at, problems),
  };
}

/** Makes the draft of a request whose lines have their prices, with sums that are exact. */
export function completeDraft(
  request: OrderRequest,
  lines: readonly OrderLine[],
  at: FieldPath,
): Checked<'draft', OrderDraft> {
  const { details, expectedTotal } = request;
  const summed = sumsOf(subtotalOf(lines), request, { gross: [...at, 'items'], discount: [...at, 'discount'] });
  if ('problems' in summed) return summed;
  const { sums } = summed;
  const mismatch = totalMismatch(sums.total, details.currency, expectedTotal, at);
  return mismatch === null ? { draft: { ...details, ...sums, lines } } : { problems: [mismatch] };
}

/** What the lines of an order cost together. */
export function subtotalOf(lines: readonly OrderLine[]): bigint {
  return lines.reduce((sum, line) => sum + line.subtotal, 0n);
}

/**
 * Adds an order up. Every sum on the way must fit the column that holds it.
 *
 * @param blame the field that is named where the sum before the discount, or the discount, is too large
 */
export function sumsOf(
  subtotal: bigint,
  { shipping, tax, discount }: Amounts,
  blame: { readonly gross: FieldPath; readonly discount: FieldPath },
): Checked<'sums', Sums> {
  const gross = subtotal + shipping + tax;
  const problems = new Problems();
  if (gross > MAX_MINOR) {
    problems.add(
      'LIMIT_EXCEEDED',
      blame.gross,
      `items, shipping and tax must sum to at most ${MAX_MINOR} minor units of the currency.`,
    );
  } else if (discount > gross) {
    problems.add('INVALID', blame.discount, 'discount must be at most subtotal + shipping + tax.');
  }
  if (problems.list.length > 0) return { problems: problems.list };
  return { sums: { subtotal, shipping, tax, discount, total: gross - discount } };
}

/** The problem of a total that is not the expected one; null where none is expected or it is. */
export function totalMismatch(
  total: bigint,
  currency: string,
  expected: bigint | null,
  at: FieldPath,
): InputProblem | null {
  if (expected === null || expected === total) return null;
  const message = `The total differs from expectedTotal; it is ${formatMoney({ minor: total, currency })} ${currency}.`;
  return { code: 'TOTAL_MISMATCH', field: [...at, 'expectedTotal'], message };
}
