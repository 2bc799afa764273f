import type { DecimalInput } from './decimal.js';
import { readDetails, type DetailsInput } from './order-details.js';
import type { FieldPath, InputProblem } from './errors.js';
import { ORDER_LIMITS } from './limits.js';
import { requestLines, type LineInput, type RequestedLine } from './order-lines.js';
import { CURRENCY_EXPONENTS, formatMoney, MAX_MINOR } from './money.js';
import { AMOUNTS, type Amounts, type OrderDetails, type OrderDraft, type OrderLine, type Sums } from './order.js';
import { Problems } from './input-problems.js';

/** An order as requested by a client. Amounts are plain decimals in major units ("12.50"). */
export interface DraftInput extends DetailsInput, AmountsInput {
  readonly customerId?: string | null | undefined;
  readonly currency: string;
  readonly items: readonly LineInput[];
}

/** The amounts of an order other than those of its lines, as requested by a client. */
export interface AmountsInput {
  readonly shipping?: DecimalInput | null | undefined;
  readonly discount?: DecimalInput | null | undefined;
  readonly tax?: DecimalInput | null | undefined;
  readonly expectedTotal?: DecimalInput | null | undefined;
}

/** A validated and normalised request for an order. Prices may be missing; the catalogue supplies them. */
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
 * Validates an order request.
 *
 * @param at path of the input within the mutation arguments, for the paths of the problems
 * @param catalogue whether a catalogue may supply missing names and prices
 * @returns the request, or every problem found
 */
export function validateOrderRequest(
  input: DraftInput,
  at: FieldPath,
  catalogue: boolean,
): Checked<'request', OrderRequest> {
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

/** Validates the given amounts. Null means 0. */
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

/** Builds the draft of a request whose lines are priced, with exact sums. */
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

/** The sum of the lines. */
export function subtotalOf(lines: readonly OrderLine[]): bigint {
  return lines.reduce((sum, line) => sum + line.subtotal, 0n);
}

/**
 * Computes the sums of an order. Every intermediate sum must fit its column.
 *
 * @param blame the field of the problem if the sum before the discount, or the discount, is too large
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

/** The problem of a total that differs from the expected one; null otherwise. */
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
