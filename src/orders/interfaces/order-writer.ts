import type { ChangeCommand } from '../../domain/decide-change.js';
import type { CreationCommand } from '../../domain/decide-creation.js';
import type { Rejection } from '../../domain/errors.js';
import type { Order, OrderItem } from '../../domain/order.js';
import type { Caller } from './caller.js';

/** A command that creates an order. */
export interface CreateOrder extends CreationCommand {
  readonly kind: 'create';
  /** Trace context of the request. */
  readonly traceparent: string | null;
}

/** A command that changes an order. */
export interface ChangeOrder extends ChangeCommand {
  readonly kind: 'change';
  readonly orderId: string;
  readonly commandId: string;
  /** Trace context of the request. */
  readonly traceparent: string | null;
  /** The idempotency key, hashed with issuer and subject, and the fingerprint of the request. */
  readonly key: { readonly hash: Uint8Array; readonly fingerprint: Uint8Array } | null;
}

/** Creations of which all are stored or none, whatever happens to the rest of the batch. */
export interface CreateGroup {
  readonly kind: 'group';
  readonly orders: readonly CreateOrder[];
}

export type WriteCommand = CreateOrder | ChangeOrder | CreateGroup;

/** The outcome of a command on one order. */
export type OrderOutcome =
  | {
      readonly kind: 'created';
      readonly order: Order;
      readonly replayed: boolean;
      /** The items of an order that this command stored. */
      readonly items?: readonly OrderItem[];
    }
  | {
      readonly kind: 'changed';
      readonly order: Order;
      readonly changed: boolean;
      /** Whether an earlier request under the same idempotency key made the change. */
      readonly replayed: boolean;
    }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  /** The command is valid, but another one of its group was rejected. */
  | { readonly kind: 'aborted' };

export type WriteOutcome = OrderOutcome | { readonly kind: 'group'; readonly outcomes: readonly OrderOutcome[] };

/** Stores commands, those of several callers in one transaction. Rejects with a RequestError or an unexpected error. */
export interface OrderWriter {
  write(command: WriteCommand, caller: Caller): Promise<WriteOutcome>;
}
