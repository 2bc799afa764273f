import type { ChangeCommand, Decision, Known } from './decide-change.js';
import { isEqual } from './deep-equal.js';
import { eventOf, timeOfChange } from './order-event.js';
import { transitionsOf, type OrderStatus } from './lifecycle.js';
import type { CancelReason, Order, Tracking } from './order.js';
import { isEmployee, type Viewer } from './viewer.js';

export interface Transition {
  /** Only an order in this status is changed. One that has left it stays as it is: no status is reached twice. */
  readonly from?: OrderStatus;
  readonly to: OrderStatus;
  /** The reason of a transition to CANCELLED. That of a customer is always CUSTOMER. */
  readonly cancelReason: CancelReason;
  /** Tracking of a transition to SHIPPED; null keeps the stored tracking. */
  readonly tracking: Tracking | null;
}

/**
 * Decides a transition. A transition to the current status changes nothing, unless it brings new tracking for an order
 * that is SHIPPED.
 */
export function decideTransition(order: Order, change: Transition, command: ChangeCommand, { now }: Known): Decision {
  const { from = order.status, to, tracking } = change;
  if (from !== order.status) return { kind: 'unchanged', order };
  const transitions = order.status !== to;
  const tracks = tracking !== null && !isEqual(tracking, order.tracking);
  if (!transitions && !tracks) return { kind: 'unchanged', order };
  const allowed = transitionsOf(command.viewer, order.status);
  if (transitions && !allowed.includes(to)) {
    const field = [...command.inputPath, 'status'];
    return { kind: 'rejected', rejection: { code: 'INVALID_TRANSITION', order, to, allowed, field } };
  }
  const updatedAt = timeOfChange(order, now);
  const next: Order = {
    ...order,
    ...(transitions ? arrivalAt(change, command.viewer, updatedAt) : {}),
    tracking: tracking ?? order.tracking,
    version: order.version + 1,
    updatedAt,
  };
  const changedFields = [
    ...(transitions ? ['status'] : []),
    ...(tracks ? ['tracking'] : []),
    ...(transitions && to === 'CANCELLED' ? ['cancelReason'] : []),
  ];
  const event = eventOf(order, next, { type: transitions ? 'STATUS_CHANGED' : 'UPDATED', changedFields }, command);
  return { kind: 'changed', order: next, event, lines: null };
}

/** The fields that a transition to a status sets. */
function arrivalAt({ to, cancelReason }: Transition, viewer: Viewer, at: Date): Partial<Order> {
  switch (to) {
    case 'COMPLETED':
      return { status: to, completedAt: at };
    case 'CANCELLED':
      return { status: to, cancelledAt: at, cancelReason: isEmployee(viewer) ? cancelReason : 'CUSTOMER' };
    case 'PENDING':
    case 'CONFIRMED':
    case 'PROCESSING':
    case 'SHIPPED':
    case 'DELIVERED':
      return { status: to };
  }
}
