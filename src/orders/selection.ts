import { RequestError } from '../domain/errors.js';
import { ORDER_STATUSES, type OrderStatus } from '../domain/lifecycle.js';
import { CURRENCY_EXPONENTS, toMinor } from '../domain/money.js';
import { ownerFilter, type Viewer } from '../domain/viewer.js';
import type { OrderSelection, TextSelection, TimeRange } from './ports.js';
import { storable } from './times.js';
import { isOrderNumber } from './identity.js';

type Given<T> = T | null | undefined;

/** Which orders a client means. Everything given must hold. */
export interface OrderCondition {
  readonly status?: Given<StatusCondition>;
  readonly customerId?: Given<string>;
  readonly customerEmail?: Given<TextCondition>;
  readonly externalReference?: Given<TextCondition>;
  readonly number?: Given<TextCondition>;
  readonly createdAt?: Given<TimeCondition>;
  readonly updatedAt?: Given<TimeCondition>;
  readonly total?: Given<AmountCondition>;
  readonly currency?: Given<string>;
}

export interface StatusCondition {
  readonly eq?: Given<OrderStatus>;
  readonly in?: Given<readonly OrderStatus[]>;
  readonly notIn?: Given<readonly OrderStatus[]>;
}

export interface TextCondition {
  readonly eq?: Given<string>;
  readonly in?: Given<readonly string[]>;
  readonly startsWith?: Given<string>;
}

export interface TimeCondition {
  readonly gte?: Given<Date>;
  readonly lt?: Given<Date>;
}

export interface AmountCondition {
  readonly gte?: Given<string>;
  readonly lte?: Given<string>;
}

const MAX_VALUES = 100;

/**
 * The condition as the store takes it; nothing of another owner is in it.
 *
 * @param ofCustomer only this customer's orders, whatever the condition says
 * @throws RequestError BAD_USER_INPUT that names the argument
 */
export function selectOrders(where: OrderCondition, viewer: Viewer, ofCustomer?: string): OrderSelection {
  const owner = ownerFilter(viewer);
  const customers = new Set([where.customerId, ofCustomer, owner].filter((id) => typeof id === 'string'));
  const [customerId = null] = customers;
  const foreign = customers.size > 1 || owner === ''; // everything must hold, so those of two customers are none
  const emails = selectText(where.customerEmail, 'where.customerEmail', (text) => text.toLowerCase());
  return {
    customerId,
    statuses: foreign ? [] : statusesOf(where.status),
    customerEmail: emails,
    externalReference: selectText(where.externalReference, 'where.externalReference'),
    number: numbersOf(selectText(where.number, 'where.number')),
    createdAt: timesOf(where.createdAt),
    updatedAt: timesOf(where.updatedAt),
    total: totalsOf(where.total, where.currency ?? null),
    currency: where.currency ?? null,
  };
}

/** Whether nothing at all can be meant, so that nothing need be asked. */
export function isNone({ statuses, customerEmail, externalReference, number }: OrderSelection): boolean {
  const texts = [customerEmail, externalReference, number];
  return statuses?.length === 0 || texts.some((text) => text !== null && 'values' in text && text.values.length === 0);
}

function statusesOf(condition: Given<StatusCondition>): readonly OrderStatus[] | null {
  const { eq, in: among, notIn } = condition ?? {};
  const statuses = ORDER_STATUSES.filter(
    (status) => (eq ?? status) === status && (among?.includes(status) ?? true) && !(notIn?.includes(status) ?? false),
  );
  return statuses.length === ORDER_STATUSES.length ? null : statuses;
}

function selectText(
  condition: Given<TextCondition>,
  argument: string,
  normalise: (text: string) => string = (text) => text,
): TextSelection | null {
  const { eq, in: among, startsWith } = condition ?? {};
  if (among !== null && among !== undefined && among.length > MAX_VALUES) {
    throw refused(`${argument}.in`, `must have at most ${MAX_VALUES} values; it has ${among.length}`);
  }
  if (startsWith === '') throw refused(`${argument}.startsWith`, 'must not be empty');
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
function numbersOf(selection: TextSelection | null): TextSelection | null {
  if (selection === null) return null;
  if ('values' in selection) return { values: selection.values.filter((text) => isOrderNumber(text)) };
  return isOrderNumber(selection.prefix) ? selection : { values: [] };
}

function timesOf(condition: Given<TimeCondition>): TimeRange | null {
  const { gte = null, lt = null } = condition ?? {};
  if (gte === null && lt === null) return null;
  return { gte: gte === null ? null : storable(gte), lt: lt === null ? null : storable(lt) };
}

function totalsOf(condition: Given<AmountCondition>, currency: string | null): OrderSelection['total'] {
  const { gte = null, lte = null } = condition ?? {};
  if (gte === null && lte === null) return null;
  const exponent = currency === null ? undefined : CURRENCY_EXPONENTS.get(currency);
  if (exponent === undefined) throw refused('where.currency', 'must be given with where.total, as an ISO 4217 code');
  const minor = (amount: string | null, argument: string) => {
    if (amount === null) return null;
    const value = toMinor(amount, exponent);
    if (value === 'too-many-decimals') throw refused(argument, `must have at most ${exponent} decimals`);
    if (value === 'out-of-range') throw refused(argument, 'is larger than an order can hold');
    return value.toString();
  };
  return { gte: minor(gte, 'where.total.gte'), lte: minor(lte, 'where.total.lte') };
}

function refused(argument: string, rule: string): RequestError {
  return new RequestError('BAD_USER_INPUT', `${argument} ${rule}.`, { details: { argument } });
}
