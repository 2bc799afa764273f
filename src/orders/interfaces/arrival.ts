import type { OrderStatus } from '../../domain/lifecycle.js';

/** An order that reached a status. */
export interface Arrival {
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly at: Date;
  /** Trace context of the request that caused it; null without one. */
  readonly traceparent: string | null;
}
