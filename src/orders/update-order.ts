import type { OrderUpdate } from '../domain/decide-update.js';
import { notFound } from '../domain/errors.js';
import { Problems } from '../domain/input-problems.js';
import { CURRENCY_EXPONENTS } from '../domain/money.js';
import { readGivenDetails, type DetailsInput } from '../domain/order-details.js';
import { readGivenAmounts, type AmountsInput } from '../domain/order-draft.js';
import { priceLines, requestLines, type LineInput, type RequestedLine } from '../domain/order-lines.js';
import { AMOUNTS, type Amounts, type Order } from '../domain/order.js';
import {
  changeOrder,
  commonFingerprintParts,
  INPUT_PATH,
  type ChangeRequest,
  type ChangeResult,
} from './change-order.js';
import { findOrder } from './find-order.js';
import { hashKey } from './idempotency-key.js';
import type { Caller } from './interfaces/caller.js';
import type { OrderDependencies } from './order-dependencies.js';
import { parseUuid } from './order-id.js';
import { lookUpProducts } from './product-lookup.js';

/** Fields that are left out stay; null clears a detail and sets an amount to 0. */
export interface UpdateOrderRequest extends ChangeRequest, DetailsInput, AmountsInput {
  readonly items?: readonly LineInput[] | null | undefined;
}

/** Updates the details, items and amounts of an order. */
export async function updateOrder(
  dependencies: OrderDependencies,
  request: UpdateOrderRequest,
  caller: Caller,
): Promise<ChangeResult> {
  const problems = new Problems();
  const details = readGivenDetails(request, INPUT_PATH, problems);
  if (request.items === null) {
    problems.add(
      'REQUIRED',
      [...INPUT_PATH, 'items'],
      'items must not be null; leave it out to keep the current items.',
    );
  }
  const money = hasMoney(request) ? await readMoney(dependencies, request, caller, problems) : NO_MONEY;
  if (money === 'order-not-found') return { rejection: notFound(INPUT_PATH) };

  const change = { kind: 'update', details, ...money.update } as const;
  const fingerprintParts = [...commonFingerprintParts('update', request), details, ...money.fingerprintParts];
  return changeOrder(dependencies, request, { inputPath: INPUT_PATH, change, problems, fingerprintParts }, caller);
}

function hasMoney({ items, expectedTotal, ...request }: UpdateOrderRequest): boolean {
  return isGiven(items) || isGiven(expectedTotal) || AMOUNTS.some((name) => request[name] !== undefined);
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined;
}

interface Money {
  readonly update: Omit<OrderUpdate, 'details'>;
  readonly fingerprintParts: readonly unknown[];
}

const NO_MONEY: Money = { update: { amounts: {}, expectedTotal: null, lines: null }, fingerprintParts: [] };

/** The items and amounts of a request, checked and priced in the currency of the order. */
async function readMoney(
  dependencies: OrderDependencies,
  request: UpdateOrderRequest,
  caller: Caller,
  problems: Problems,
): Promise<Money | 'order-not-found'> {
  // The currency of an order never changes, so it may be read before the order is locked.
  const orderId = parseUuid(request.id);
  const order = orderId === null ? null : await findOrder(dependencies.readerFor(caller), orderId, caller);
  if (orderId !== null && order === null) return 'order-not-found';

  const { items = null, idempotencyKey: key = null } = request;
  const exponent = CURRENCY_EXPONENTS.get(order?.currency ?? '');
  const rules = { exponent, catalogue: dependencies.productLookup !== null };
  const requested = items === null ? null : requestLines(items, rules, [...INPUT_PATH, 'items'], problems);
  const amounts = readGivenAmounts(request, exponent, INPUT_PATH, problems);
  const expectedTotal = problems.amount(request.expectedTotal, [...INPUT_PATH, 'expectedTotal'], exponent);
  const isPriceable = requested !== null && order !== null && problems.list.length === 0;
  const lines = isPriceable ? await priceNewLines(dependencies, requested, { order, key }, caller) : null;
  return {
    update: { amounts, expectedTotal, lines },
    fingerprintParts: moneyFingerprintParts(requested, amounts, expectedTotal),
  };
}

/** Only given fields are parts, so that the fingerprints of requests without amounts stay as they were before amounts. */
function moneyFingerprintParts(
  lines: readonly RequestedLine[] | null,
  amounts: Partial<Amounts>,
  expectedTotal: bigint | null,
): readonly unknown[] {
  const money = { ...amounts, ...(expectedTotal === null ? {} : { expectedTotal }) };
  return [...(lines === null ? [] : [lines]), ...(Object.keys(money).length === 0 ? [] : [money])];
}

interface PricedOrder {
  readonly order: Order;
  readonly key: string | null;
}

/** New lines with their prices, or why there are none. A replay needs no prices. */
async function priceNewLines(
  { productLookup, readerFor }: OrderDependencies,
  lines: readonly RequestedLine[],
  { order, key }: PricedOrder,
  caller: Caller,
): Promise<OrderUpdate['lines']> {
  const { id: orderId, currency } = order;
  const isReplay = async () => key !== null && readerFor(caller).isCommandKnown({ orderId, key: hexOf(caller, key) });
  const products = await lookUpProducts(productLookup, lines, caller, isReplay);
  const priced = priceLines(lines, currency, products ?? new Map(), [...INPUT_PATH, 'items']);
  return 'problems' in priced ? priced : priced.lines;
}

function hexOf({ viewer }: Caller, key: string): string {
  return Buffer.from(hashKey(viewer, key)).toString('hex');
}
