import { decodeCursor, encodeCursor } from '../domain/opaque-cursor.js';
import { RequestError } from '../domain/errors.js';
import { MAX_MINOR } from '../domain/money.js';
import type { Order } from '../domain/order.js';
import { parseUuid } from './order-id.js';
import type { SortKey, OrderSortField, SortDirection } from './interfaces/order-filter.js';

/** An ordering of orders. A cursor is valid only under the ordering that made it. */
export interface Ordering {
  readonly field: OrderSortField;
  readonly direction: SortDirection;
}

export function sortKeyOf(order: Order, field: OrderSortField): SortKey {
  switch (field) {
    case 'CREATED_AT':
      return { key: order.createdAt.toISOString(), id: order.id };
    case 'UPDATED_AT':
      return { key: order.updatedAt.toISOString(), id: order.id };
    case 'TOTAL':
      return { key: order.total.toString(), id: order.id };
  }
}

export function encodeOrderCursor(order: Order, { field, direction }: Ordering): string {
  const { key, id } = sortKeyOf(order, field);
  return encodeCursor(['orders', field, direction, field === 'TOTAL' ? key : Date.parse(key), id]);
}

/** Reads a cursor of an orders connection. @throws RequestError INVALID_CURSOR */
export function decodeOrderCursor(cursor: string, argument: string, ordering: Ordering): SortKey {
  const [kind, field, direction, value, id, ...rest] = decodeCursor(cursor) ?? [];
  const uuid = typeof id === 'string' ? parseUuid(id) : null;
  const key = field === 'TOTAL' ? minorKey(value) : timeKey(value);
  if (kind !== 'orders' || key === null || uuid === null || rest.length > 0) {
    throw invalid(argument, 'must be a cursor of an orders connection');
  }
  if (field !== ordering.field || direction !== ordering.direction) {
    throw invalid(argument, 'must be a cursor of the same sort order');
  }
  return { key, id: uuid };
}

const LAST_MILLIS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function timeKey(value: unknown): string | null {
  const isMillis = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LAST_MILLIS;
  return isMillis ? new Date(value).toISOString() : null;
}

function minorKey(value: unknown): string | null {
  return typeof value === 'string' && /^\d{1,19}$/.test(value) && BigInt(value) <= MAX_MINOR ? value : null;
}

export function encodeHistoryCursor(orderId: string, version: number): string {
  return encodeCursor(['history', orderId, version]);
}

/** Reads a cursor of one order's history, as a version. @throws RequestError INVALID_CURSOR */
export function decodeHistoryCursor(cursor: string, argument: string, orderId: string): number {
  const [kind, id, version, ...rest] = decodeCursor(cursor) ?? [];
  const isVersion = typeof version === 'number' && Number.isInteger(version) && version >= 1 && version < 2 ** 31;
  if (kind !== 'history' || !isVersion || rest.length > 0) throw invalid(argument, 'must be a cursor of a history');
  if (id !== orderId) throw invalid(argument, 'must be a cursor of the history of the same order');
  return version;
}

function invalid(argument: string, rule: string): RequestError {
  return new RequestError('INVALID_CURSOR', `${argument} ${rule}.`, { details: { argument } });
}
