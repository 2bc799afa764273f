import type { ChangeCommand, Decision, Known } from './decide-change.js';
import { isEqual } from './deep-equal.js';
import { eventOf, timeOfChange } from './order-event.js';
import type { Order } from './order.js';
import { withoutPersonalData } from './personal-data.js';

export interface Erasure {
  /** The customer whose personal data is erased. An order that has another customer, or none, stays as it is. */
  readonly customerId: string;
}

/**
 * Decides the erasure of a customer's data in an order. The order stays, without a customer. A tombstone has no personal
 * data and gets no event, because its deletion is its last one; only its earlier events are erased.
 */
export function decideErasure(order: Order, { customerId }: Erasure, command: ChangeCommand, { now }: Known): Decision {
  if (order.deletedAt !== null) return { kind: 'history-erased', order };
  if (order.customerId !== customerId) return { kind: 'unchanged', order };
  const erased = withoutPersonalData(order);
  const next: Order = { ...erased, version: order.version + 1, updatedAt: timeOfChange(order, now) };
  const fields = Object.keys(order) as (keyof Order)[];
  const changedFields = fields.filter((name) => !isEqual(order[name], erased[name]));
  const { actor } = command;
  const isOwn = actor.subject === customerId; // an admin who is the customer
  const cause = { actor: isOwn ? { ...actor, subject: null } : actor, reason: null };
  const event = eventOf(order, next, { type: 'UPDATED', changedFields }, cause);
  return { kind: 'changed', order: next, event: { ...event, customerId: null }, lines: null };
}
