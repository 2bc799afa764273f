import { readDecimal, type DecimalInput } from '../domain/decimal.js';
import { RequestError } from '../domain/errors.js';
import { ORDER_STATUSES, type OrderStatus } from '../domain/lifecycle.js';
import { ORDER_LIMITS } from '../domain/limits.js';
import { CURRENCY_EXPONENTS, MAX_MINOR, toMinor } from '../domain/money.js';
import { ownerFilter, type Viewer } from '../domain/viewer.js';
import type { OrderFilter, TextFilter, TimeRange } from './interfaces/order-filter.js';
import { storable } from './storable-time.js';
import { isOrderNumber } from './identity.js';
import { assertNoNull } from './null-arguments.js';

type Given<T> = T | null | undefined;

/** Which orders a client means. Everything given must hold; null is rejected wherever it stands. */
export interface OrderFilterInput {
  readonly status?: Given<StatusFilterInput>;
  readonly customerId?: Given<string>;
  readonly isGuest?: Given<boolean>;
  readonly customerEmail?: Given<TextFilterInput>;
  readonly externalReference?: Given<TextFilterInput>;
  readonly number?: Given<TextFilterInput>;
  readonly createdAt?: Given<TimeFilterInput>;
  readonly updatedAt?: Given<TimeFilterInput>;
  readonly total?: Given<AmountFilterInput>;
  readonly currency?: Given<string>;
}

export interface StatusFilterInput {
  readonly eq?: Given<OrderStatus>;
  readonly in?: Given<readonly OrderStatus[]>;
  readonly notIn?: Given<readonly OrderStatus[]>;
}

export interface TextFilterInput {
  readonly eq?: Given<string>;
  readonly in?: Given<readonly string[]>;
  readonly startsWith?: Given<string>;
}

export interface TimeFilterInput {
  readonly gte?: Given<Date>;
  readonly lt?: Given<Date>;
}

export interface AmountFilterInput {
  readonly gte?: Given<DecimalInput>;
  readonly lte?: Given<DecimalInput>;
}

/** The most entries of a list in a filter. */
export const MAX_VALUES = 100;

/**
 * The condition as the store takes it; nothing of another owner is in it.
 *
 * @param condition all orders where it is undefined
 * @param ofCustomer only this customer's orders, whatever the condition says
 * @throws RequestError BAD_USER_INPUT that names the argument
 */
export function toOrderFilter(condition: Given<OrderFilterInput>, viewer: Viewer, ofCustomer?: string): OrderFilter {
  assertNoNull(condition, 'where');
  const where = condition ?? {};
  const owner = ownerFilter(viewer);
  const asked = boundedText(where.customerId, 'where.customerId', ORDER_LIMITS.customerId);
  const customers = new Set([asked, ofCustomer, owner].filter((id) => typeof id === 'string'));
  const [customerId = null] = customers;
  const { isGuest = null } = where;
  // Everything must hold, so those of two customers are none, and so are guests' orders of a customer.
  const isImpossible = customers.size > 1 || owner === '' || (customerId !== null && isGuest === true);
  const currency = currencyOf(where.currency);
  return {
    customerId,
    isGuest: customerId === null ? isGuest : null,
    statuses: isImpossible ? [] : statusesOf(where.status),
    customerEmail: toTextFilter(where.customerEmail, 'customerEmail', (text) => text.toLowerCase()),
    externalReference: toTextFilter(where.externalReference, 'externalReference'),
    number: numbersOf(toTextFilter(where.number, 'number')),
    createdAt: timesOf(where.createdAt),
    updatedAt: timesOf(where.updatedAt),
    total: totalsOf(where.total, currency),
    currency,
  };
}

/** Whether nothing at all can be meant, so that nothing need be asked. */
export function isNone({ statuses, customerEmail, externalReference, number }: OrderFilter): boolean {
  const texts = [customerEmail, externalReference, number];
  return statuses?.length === 0 || texts.some((text) => text !== null && 'values' in text && text.values.length === 0);
}

function statusesOf(condition: Given<StatusFilterInput>): readonly OrderStatus[] | null {
  const { eq, in: among, notIn } = condition ?? {};
  const statuses = ORDER_STATUSES.filter(
    (status) => (eq ?? status) === status && (among?.includes(status) ?? true) && !(notIn?.includes(status) ?? false),
  );
  return statuses.length === ORDER_STATUSES.length ? null : statuses;
}

/** A text that is no longer than what it is compared with: a longer one can mean no order. */
function boundedText<T extends Given<string>>(text: T, argument: string, limit: number): T {
  if (typeof text === 'string' && text.length > limit) {
    throw rejected(argument, `must have at most ${limit} characters; it has ${text.length}`);
  }
  return text;
}

function toTextFilter(
  condition: Given<TextFilterInput>,
  field: keyof typeof ORDER_LIMITS & keyof OrderFilterInput,
  normalise: (text: string) => string = (text) => text,
): TextFilter | null {
  const { eq, in: among, startsWith } = condition ?? {};
  const argument = `where.${field}`;
  boundedText(eq, `${argument}.eq`, ORDER_LIMITS[field]);
  boundedText(startsWith, `${argument}.startsWith`, ORDER_LIMITS[field]);
  if (among !== null && among !== undefined && among.length > MAX_VALUES) {
    throw rejected(`${argument}.in`, `must contain at most ${MAX_VALUES} entries; it contains ${among.length}`);
  }
  for (const text of among ?? []) boundedText(text, `${argument}.in`, ORDER_LIMITS[field]);
  if (startsWith === '') throw rejected(`${argument}.startsWith`, 'must not be empty');
  const prefix = typeof startsWith === 'string' ? normalise(startsWith) : null;
  const given = [...(typeof eq === 'string' ? [[eq]] : []), ...(among === null || among === undefined ? [] : [among])];
  const [first, ...others] = given.map((texts) => new Set(texts.map(normalise)));
  if (first === undefined) return prefix === null ? null : { prefix };
  const values = [...first].filter(
    (text) => others.every((set) => set.has(text)) && (prefix === null || text.startsWith(prefix)),
  );
  return { values: values.toSorted() };
}

/** What cannot be a number matches none. */
function numbersOf(filter: TextFilter | null): TextFilter | null {
  if (filter === null) return null;
  if ('values' in filter) return { values: filter.values.filter((text) => isOrderNumber(text)) };
  return isOrderNumber(filter.prefix) ? filter : { values: [] };
}

function timesOf(condition: Given<TimeFilterInput>): TimeRange | null {
  const { gte = null, lt = null } = condition ?? {};
  if (gte === null && lt === null) return null;
  return { gte: gte === null ? null : storable(gte), lt: lt === null ? null : storable(lt) };
}

function currencyOf(currency: Given<string>): string | null {
  if (currency === null || currency === undefined) return null;
  if (CURRENCY_EXPONENTS.has(currency)) return currency;
  const shown = JSON.stringify(currency.slice(0, 40));
  throw rejected('where.currency', `must be an ISO 4217 code such as USD; it is ${shown}`);
}

function totalsOf(condition: Given<AmountFilterInput>, currency: string | null): OrderFilter['total'] {
  const { gte = null, lte = null } = condition ?? {};
  if (gte === null && lte === null) return null;
  const exponent = currency === null ? undefined : CURRENCY_EXPONENTS.get(currency);
  if (exponent === undefined) throw rejected('where.currency', 'is required with where.total');
  const minor = (amount: DecimalInput | null, argument: string) => {
    if (amount === null) return null;
    const read = readDecimal(amount);
    if ('rule' in read) throw rejected(argument, read.rule);
    const value = toMinor(read.decimal, exponent);
    if (value === 'too-many-decimals')
      throw rejected(argument, `must have at most ${exponent} decimals in this currency`);
    if (value === 'out-of-range') throw rejected(argument, `must be at most ${MAX_MINOR} minor units of the currency`);
    return value.toString();
  };
  return { gte: minor(gte, 'where.total.gte'), lte: minor(lte, 'where.total.lte') };
}

function rejected(argument: string, rule: string): RequestError {
  return new RequestError('BAD_USER_INPUT', `${argument} ${rule}.`, { details: { argument } });
}
