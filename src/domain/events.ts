import type { OrderStatus } from './lifecycle.js';
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
