import type { ChangeCommand, Decision, Known } from './decide.js';
import { isEqual } from './equal.js';
import { eventOf, timeOfChange } from './events.js';
import { isAllowed, type OrderStatus } from './lifecycle.js';
import type { CancelReason, Order, Tracking } from './order.js';

export interface StatusChange {
  readonly to: OrderStatus;
  /** Why, where it leads to CANCELLED. */
  readonly cancelReason: CancelReason;
  /** Where the goods are, where it leads to SHIPPED; null keeps what is known. */
  readonly tracking: Tracking | null;
}

/**
 * Decides a change of status. The status it has already is nothing to do, unless it brings new tracking to an order
 * that is shipped.
 */
export function decideStatus(
  order: Order,
  { to, cancelReason, tracking }: StatusChange,
  command: ChangeCommand,
  { now }: Known,
): Decision {
  const moves = order.status !== to;
  const tracks = tracking !== null && !isEqual(tracking, order.tracking);
  if (!moves && !tracks) return { kind: 'unchanged', order };
  if (moves && !isAllowed(order.status, to)) {
    const refusal = { code: 'INVALID_TRANSITION', order, to, field: command.field } as const;
    return { kind: 'refused', refusal };
  }
  const at = timeOfChange(order, now);
  const cancels = moves && to === 'CANCELLED';
  const next: Order = {
    ...order,
    status: to,
    tracking: tracking ?? order.tracking,
    version: order.version + 1,
    updatedAt: at,
    completedAt: moves && to === 'COMPLETED' ? at : order.completedAt,
    cancelledAt: cancels ? at : order.cancelledAt,
    cancelReason: cancels ? cancelReason : order.cancelReason,
  };
  const changedFields = [
    ...(moves ? ['status'] : []),
    ...(tracks ? ['tracking'] : []),
    ...(cancels ? ['cancelReason'] : []),
  ];
  const event = eventOf(order, next, { type: moves ? 'STATUS_CHANGED' : 'UPDATED', changedFields }, command);
  return { kind: 'changed', order: next, event, lines: null };
}
