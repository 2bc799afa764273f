import { readDecimal, type DecimalInput } from '../domain/decimal.js';
import { RequestError } from '../domain/errors.js';
import { ORDER_STATUSES, type OrderStatus } from '../domain/lifecycle.js';
import { ORDER_LIMITS } from '../domain/limits.js';
import { CURRENCY_EXPONENTS, MAX_MINOR, toMinor } from '../domain/money.js';
import {
  MAX_FILTER_VALUES,
  type OrderFilter,
  type TextFilter,
  type TimeRange,
} from '../orders/interfaces/order-filter.js';
import { isOrderNumber } from '../orders/order-id.js';
import { storable } from '../orders/storable-time.js';
import { assertNoNull } from './null-arguments.js';
import type { DateTimeFilter, DecimalFilter, OrderWhere, StatusFilter, StringFilter } from './types/where.js';

type Given<T> = T | null | undefined;

/**
 * Reads the `where` argument; all orders where it is left out.
 *
 * @throws RequestError BAD_USER_INPUT that names the argument
 */
export function toOrderFilter(given: Given<OrderWhere>): OrderFilter {
  assertNoNull(given, 'where');
  const where = given ?? {};
  const currency = currencyOf(where.currency);
  return {
    customerId: boundedText(where.customerId, 'where.customerId', ORDER_LIMITS.customerId) ?? null,
    isGuest: where.isGuest ?? null,
    statuses: statusesOf(where.status),
    customerEmail: toTextFilter(where.customerEmail, 'customerEmail', (text) => text.toLowerCase()),
    externalReference: toTextFilter(where.externalReference, 'externalReference'),
    number: numbersOf(toTextFilter(where.number, 'number')),
    createdAt: timesOf(where.createdAt),
    updatedAt: timesOf(where.updatedAt),
    total: totalsOf(where.total, currency),
    currency,
  };
}

function statusesOf(condition: Given<StatusFilter>): readonly OrderStatus[] | null {
  const { eq, in: among, notIn } = condition ?? {};
  const statuses = ORDER_STATUSES.filter(
    (status) => (eq ?? status) === status && (among?.includes(status) ?? true) && !(notIn?.includes(status) ?? false),
  );
  return statuses.length === ORDER_STATUSES.length ? null : statuses;
}

/** A text no longer than the field that it is compared with. */
function boundedText<T extends Given<string>>(text: T, argument: string, limit: number): T {
  if (typeof text === 'string' && text.length > limit) {
    throw rejected(argument, `must have at most ${limit} characters; it has ${text.length}`);
  }
  return text;
}

function toTextFilter(
  condition: Given<StringFilter>,
  field: keyof typeof ORDER_LIMITS & keyof OrderWhere,
  normalise: (text: string) => string = (text) => text,
): TextFilter | null {
  const { eq, in: among, startsWith } = condition ?? {};
  const argument = `where.${field}`;
  boundedText(eq, `${argument}.eq`, ORDER_LIMITS[field]);
  boundedText(startsWith, `${argument}.startsWith`, ORDER_LIMITS[field]);
  if (among !== null && among !== undefined && among.length > MAX_FILTER_VALUES) {
    throw rejected(`${argument}.in`, `must contain at most ${MAX_FILTER_VALUES} entries; it contains ${among.length}`);
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

/** A text that is no order number matches no order. */
function numbersOf(filter: TextFilter | null): TextFilter | null {
  if (filter === null) return null;
  if ('values' in filter) return { values: filter.values.filter((text) => isOrderNumber(text)) };
  return isOrderNumber(filter.prefix) ? filter : { values: [] };
}

function timesOf(condition: Given<DateTimeFilter>): TimeRange | null {
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

function totalsOf(condition: Given<DecimalFilter>, currency: string | null): OrderFilter['total'] {
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
