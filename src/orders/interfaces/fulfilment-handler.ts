import type { TrackingInput } from '../../domain/address.js';
import type { OrderStatus } from '../../domain/lifecycle.js';
import type { Order, OrderItem } from '../../domain/order.js';

/** Does the work of fulfilment. It may call other systems. */
export interface FulfilmentHandler {
  /**
   * The statuses in which fulfilment acts on an order, and how long after the order has reached them. PENDING counts for
   * every new order; the others only if fulfilment itself has set them.
   */
  readonly steps: Readonly<Partial<Record<OrderStatus, { readonly delayMs: number }>>>;
  /** Maximum number of steps of one batch, which run at the same time. The results of a batch are stored together. */
  readonly batchSize: number;
  /** Maximum number of batches that run at the same time in one process. */
  readonly batches: number;
  /** Maximum duration of one attempt, in milliseconds: at most 60,000. */
  readonly timeoutMs: number;
  /** Makes one attempt of a step. A rejection is retried with growing delays; its message becomes the reason. */
  advance(step: FulfilmentStep): Promise<StepResult>;
}

/** The work on one order in one status. */
export interface FulfilmentStep {
  readonly orderId: string;
  readonly status: OrderStatus;
  /** The same for each attempt of the step, in any process: an API with idempotency keys does the work once. */
  readonly idempotencyKey: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborts after `timeoutMs`, at shutdown, and when another process has taken the step over. */
  readonly signal: AbortSignal;
  /** Reads the order; null if it has left `status` or was deleted, which ends the step. */
  readOrder(): Promise<OrderToFulfil | null>;
}

export interface OrderToFulfil extends Order {
  readonly items: readonly OrderItem[];
}

export type StepResult =
  /** The status that the order gets, unless it has left that of the step. */
  | {
      readonly kind: 'advance';
      readonly to: OrderStatus;
      readonly reason?: string;
      /** Only with SHIPPED. */
      readonly tracking?: TrackingInput;
    }
  /** The order stays as it is, and the step is made again later, any number of times: at least 1 s, at most a day. */
  | { readonly kind: 'wait'; readonly forMs: number }
  /** The order stays as it is. */
  | { readonly kind: 'leave' }
  /** The step cannot succeed without an operator: it becomes a dead letter at once. */
  | { readonly kind: 'give-up'; readonly reason: string };
