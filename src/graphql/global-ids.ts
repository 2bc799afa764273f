import { RequestError } from '../domain/errors.js';
import { quoted } from '../domain/quoted.js';
import { lookupArgument, LOOKUP_LIMITS } from './arguments.js';
import { parseUuid } from '../orders/order-id.js';

/** The content of a globally unique id. The id of an order is its UUID; other ids begin with their kind. */
export type GlobalId =
  | { readonly kind: 'order'; readonly orderId: string }
  | { readonly kind: 'item'; readonly orderId: string; readonly position: number }
  | { readonly kind: 'event'; readonly orderId: string; readonly version: number }
  | { readonly kind: 'customer'; readonly customerId: string };

export function itemId(orderId: string, position: number): string {
  return `item:${orderId}:${position}`;
}

export function customerGlobalId(customerId: string): string {
  return `customer:${customerId}`;
}

/** Reads an id. @throws RequestError BAD_USER_INPUT if its kind is unknown */
export function parseGlobalId(id: string): GlobalId {
  lookupArgument('id', id, LOOKUP_LIMITS.globalId);
  const uuid = parseUuid(id);
  if (uuid !== null) return { kind: 'order', orderId: uuid };
  if (id.startsWith('customer:') && id.length > 'customer:'.length) {
    return { kind: 'customer', customerId: id.slice('customer:'.length) };
  }
  const [kind, first = '', second = '', ...rest] = id.split(':');
  const orderId = parseUuid(first);
  const number = /^[1-9]\d{0,8}$/.test(second) ? Number(second) : null;
  if (orderId !== null && number !== null && rest.length === 0) {
    if (kind === 'item') return { kind, orderId, position: number };
    if (kind === 'event') return { kind, orderId, version: number };
  }
  throw new RequestError(
    'BAD_USER_INPUT',
    `id must be a UUID, or begin with customer:, item: or event:; it is ${quoted(id)}.`,
    {
      details: { argument: 'id' },
    },
  );
}
