import type { Order } from './order.js';

/**
 * The fields that stay when the personal data of an order is erased, by a deletion or for a customer. All other fields are
 * erased, including new ones.
 */
const KEPT = [
  'id',
  'number',
  'status',
  'currency',
  'subtotal',
  'shipping',
  'tax',
  'discount',
  'total',
  'version',
  'createdAt',
  'updatedAt',
  'completedAt',
  'cancelledAt',
  'cancelReason',
  'deletedAt',
] as const satisfies readonly (keyof Order)[];

type Erased = Omit<Order, (typeof KEPT)[number]>;
type NotNullable<T> = { [Name in keyof T as null extends T[Name] ? never : Name]: T[Name] };

/** The values of erased fields that cannot be null. */
const EMPTY: NotNullable<Erased> = { metadata: {} };

/** The order without personal data. */
export function withoutPersonalData(order: Order): Order {
  const erased = Object.fromEntries(Object.keys(order).map((name) => [name, null]));
  const kept = Object.fromEntries(KEPT.map((name) => [name, order[name]]));
  return { ...erased, ...EMPTY, ...kept } as unknown as Order;
}
