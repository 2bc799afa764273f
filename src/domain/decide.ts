import { notFound, type FieldPath, type Refusal } from './errors.js';
import type { OrderEvent } from './events.js';
import { isAllowed, type OrderStatus } from './lifecycle.js';
import type { Order } from './order.js';
import { maySee, type Actor, type Viewer } from './viewer.js';

/** Asks for an order to be in a status. */
export interface ChangeStatus {
  readonly viewer: Viewer;
  readonly actor: Actor;
  readonly to: OrderStatus;
  /** Refuse unless the order is at this version. */
  readonly expectedVersion: number | null;
  readonly reason: string | null;
  /** Where the order's id stands in the caller's arguments. */
  readonly field: FieldPath;
  /** What an earlier command under the same idempotency key did, if there was one. */
  readonly earlier: 'none' | 'same-request' | 'other-request';
}

/** What becomes of a command: a refusal, nothing to do, or the order after it with the event that says so. */
export type Decision =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'unchanged'; readonly order: Order }
  | { readonly kind: 'repeated'; readonly order: Order }
  | { readonly kind: 'changed'; readonly order: Order; readonly event: OrderEvent };

/**
 * Decides a change of status. Pure; the checks come in the order the contract promises: it exists and is the viewer's,
 * idempotency key, expected version, same status, lifecycle.
 *
 * @param order the order under its row lock, or null where there is none
 * @param now the database's time, taken after the lock
 */
export function decideStatusChange(order: Order | null, command: ChangeStatus, now: Date): Decision {
  if (order === null || !maySee(command.viewer, order)) return refused(notFound(command.field));
  if (command.earlier === 'same-request') return { kind: 'repeated', order };
  if (command.earlier === 'other-request') {
    return refused({
      code: 'IDEMPOTENCY_MISMATCH',
      message: 'This idempotencyKey was used before with another request.',
      field: [...command.field.slice(0, -1), 'idempotencyKey'],
    });
  }
  if (command.expectedVersion !== null && command.expectedVersion !== order.version) {
    return refused({ code: 'VERSION_CONFLICT', order, expectedVersion: command.expectedVersion });
  }
  if (order.status === command.to) return { kind: 'unchanged', order };
  if (!isAllowed(order.status, command.to)) return refused({ code: 'INVALID_TRANSITION', order, to: command.to });
  return change(order, command, now);
}

function change(order: Order, command: ChangeStatus, now: Date): Decision {
  const at = now < order.updatedAt ? order.updatedAt : now; // a clock set back must not turn history round
  const next: Order = {
    ...order,
    status: command.to,
    version: order.version + 1,
    updatedAt: at,
    completedAt: command.to === 'COMPLETED' ? at : order.completedAt,
    cancelledAt: command.to === 'CANCELLED' ? at : order.cancelledAt,
    cancelReason: command.to === 'CANCELLED' ? 'OTHER' : order.cancelReason,
  };
  const event: OrderEvent = {
    orderId: order.id,
    version: next.version,
    type: 'STATUS_CHANGED',
    from: order.status,
    to: command.to,
    changedFields: ['status'],
    reason: command.reason,
    actor: command.actor,
    customerId: order.customerId,
    occurredAt: at,
    position: null,
  };
  return { kind: 'changed', order: next, event };
}

function refused(refusal: Refusal): Decision {
  return { kind: 'refused', refusal };
}
