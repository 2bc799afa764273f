import type { ChangeCommand, Decision, Known } from './decide-change.js';
import { eventOf, timeOfChange } from './order-event.js';
import type { Order } from './order.js';
import { withoutPersonalData } from './personal-data.js';

/** Decides a deletion: the order becomes a tombstone without lines and personal data. */
export function decideDeletion(order: Order, command: ChangeCommand, { now }: Known): Decision {
  const at = timeOfChange(order, now);
  const next: Order = { ...withoutPersonalData(order), version: order.version + 1, updatedAt: at, deletedAt: at };
  const event = eventOf(order, next, { type: 'DELETED', changedFields: [] }, command);
  return { kind: 'changed', order: next, event, lines: [] };
}
