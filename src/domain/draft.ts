import { readDetails, type DetailsInput } from './details.js';
import type { FieldPath, InputProblem } from './errors.js';
import { ORDER_LIMITS } from './limits.js';
import { requestLines, type LineInput, type RequestedLine } from './lines.js';
import { CURRENCY_EXPONENTS, formatMoney, MAX_MINOR } from './money.js';
import type { OrderDetails, OrderDraft, OrderLine, Sums } from './order.js';
import { Problems } from './problems.js';

/** An order as a client asks for it. Amounts are plain decimals in major units ("12.50"). */
export interface DraftInput extends DetailsInput {
  readonly customerId?: string | null | undefined;
  readonly customerName?: string | null | undefined;
  readonly customerEmail?: string | null | undefined;
  readonly currency: string;
  readonly items: readonly LineInput[];
  readonly shipping?: string | null | undefined;
  readonly discount?: string | null | undefined;
  readonly tax?: string | null | undefined;
  readonly expectedTotal?: string | null | undefined;
}

/** A checked and normalised request for an order, some of whose prices the catalogue may have yet to tell. */
export interface OrderRequest {
  readonly details: OrderDetails;
  readonly exponent: number;
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
    const message = `currency must be an ISO 4217 code such as USD; ${input.currency} is none.`;
    problems.add('INVALID', [...at, 'currency'], message);
  }
  const amount = (name: 'shipping' | 'tax' | 'discount' | 'expectedTotal') =>
    problems.amount(input[name], [...at, name], exponent);
  const request = {
    details: readWhole(input, at, problems),
    exponent: exponent ?? 0,
    lines: requestLines(input.items, { exponent, catalogue }, [...at, 'items'], problems),
    shipping: amount('shipping') ?? 0n,
    tax: amount('tax') ?? 0n,
    discount: amount('discount') ?? 0n,
    expectedTotal: amount('expectedTotal'),
  };
  return problems.list.length > 0 ? { problems: problems.list } : { request };
}

function readWhole(input: DraftInput, at: FieldPath, problems: Problems): OrderDetails {
  const { customerId, customerName, customerEmail, currency } = input;
  return {
    customerId: problems.id(customerId, [...at, 'customerId'], ORDER_LIMITS.customerId),
    customerName: problems.text(customerName, [...at, 'customerName'], ORDER_LIMITS.customerName),
    customerEmail: problems.text(customerEmail, [...at, 'customerEmail'], ORDER_LIMITS.customerEmail),
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
  const summed = sumsOf(lines, request, at);
  if ('problems' in summed) return summed;
  const { sums } = summed;
  if (expectedTotal !== null && expectedTotal !== sums.total) {
    const total = `${formatMoney({ minor: sums.total, currency: details.currency })} ${details.currency}`;
    const message = `The total is ${total}.`;
    return { problems: [{ code: 'TOTAL_MISMATCH', field: [...at, 'expectedTotal'], message }] };
  }
  return { draft: { ...details, ...sums, lines } };
}

/** Adds an order up. Every sum on the way must fit the column that holds it. */
export function sumsOf(
  lines: readonly OrderLine[],
  { shipping, tax, discount }: Pick<Sums, 'shipping' | 'tax' | 'discount'>,
  at: FieldPath,
): Checked<'sums', Sums> {
  const subtotal = lines.reduce((sum, line) => sum + line.subtotal, 0n);
  const gross = subtotal + shipping + tax;
  const problems = new Problems();
  if (gross > MAX_MINOR) {
    problems.add('LIMIT_EXCEEDED', [...at, 'items'], 'The total is larger than an order can hold.');
  } else if (discount > gross) {
    problems.add('INVALID', [...at, 'discount'], 'discount must not be more than items, shipping and tax together.');
  }
  if (problems.list.length > 0) return { problems: problems.list };
  return { sums: { subtotal, shipping, tax, discount, total: gross - discount } };
}
