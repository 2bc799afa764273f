import type { OrderStatus } from './lifecycle.js';
import type { Order } from './order.js';
import type { Actor } from './viewer.js';

export type OrderEventType = 'CREATED' | 'STATUS_CHANGED' | 'UPDATED' | 'DELETED';

/** One fact of an order's history. Per order, versions run 1, 2, 3 … without a gap. */
export interface OrderEvent {
  readonly orderId: string;
  readonly version: number;
  readonly type: OrderEventType;
  /** Null at creation, and where the status stayed. */
  readonly from: OrderStatus | null;
  readonly to: OrderStatus | null;
  /** Names of the order's fields as the API has them; empty at creation and deletion. */
  readonly changedFields: readonly string[];
  readonly reason: string | null;
  readonly actor: Actor;
  readonly customerId: string | null;
  readonly occurredAt: Date;
  /** Its place in the log of all orders, or null until the sequencer has given it one. */
  readonly position: bigint | null;
}

/** An event that has its place in the log. */
export type LoggedEvent = OrderEvent & { readonly position: bigint };

/** The time of the next change: a clock set back must not turn history round. */
export function timeOfChange(order: Order, now: Date): Date {
  return now < order.updatedAt ? order.updatedAt : now;
}

/** The event that leads from an order to its next version. */
export function eventOf(
  order: Order,
  next: Order,
  what: Pick<OrderEvent, 'type' | 'changedFields'>,
  who: Pick<OrderEvent, 'actor' | 'reason'>,
): OrderEvent {
  const transitioned = order.status !== next.status;
  return {
    orderId: order.id,
    version: next.version,
    type: what.type,
    from: transitioned ? order.status : null,
    to: transitioned ? next.status : null,
    changedFields: what.changedFields,
    reason: who.reason,
    actor: who.actor,
    customerId: order.customerId,
    occurredAt: next.updatedAt,
    position: null,
  };
}
