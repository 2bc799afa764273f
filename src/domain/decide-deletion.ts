import type { ChangeCommand, Decision, Known } from './decide-change.js';
import { eventOf, timeOfChange } from './order-event.js';
import type { Order } from './order.js';

/** The fields that a tombstone keeps for replays and the history. All other fields are erased, including new ones. */
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
  'createdAt',
  'completedAt',
  'cancelledAt',
  'cancelReason',
] as const satisfies readonly (keyof Order)[];

type Erased = Omit<Order, (typeof KEPT)[number] | 'version' | 'updatedAt' | 'deletedAt'>;
type NotNullable<T> = { [Name in keyof T as null extends T[Name] ? never : Name]: T[Name] };

/** The values of erased fields that cannot be null. */
const EMPTY: NotNullable<Erased> = { metadata: {} };

/** Decides a deletion: the order becomes a tombstone without lines and personal data. */
export function decideDeletion(order: Order, command: ChangeCommand, { now }: Known): Decision {
  const at = timeOfChange(order, now);
  const erased = Object.fromEntries(Object.keys(order).map((name) => [name, null]));
  const kept = Object.fromEntries(KEPT.map((name) => [name, order[name]]));
  const tombstone = { ...erased, ...EMPTY, ...kept } as unknown as Order;
  const next: Order = { ...tombstone, version: order.version + 1, updatedAt: at, deletedAt: at };
  const event = eventOf(order, next, { type: 'DELETED', changedFields: [] }, command);
  return { kind: 'changed', order: next, event, lines: [] };
}
