import { isEqual } from './deep-equal.js';
import { duplicateReference, invalid, RequestError, type FieldPath, type Rejection } from './errors.js';
import { INITIAL_STATUS } from './lifecycle.js';
import { creationEvent, type NewOrderEvent } from './order-event.js';
import type { Assigned, NewOrder, Order, OrderDraft, OrderLine } from './order.js';
import { maySee, ownerFilter, type Actor, type Viewer } from './viewer.js';

/** A command to create an order. */
export interface CreationCommand {
  readonly orderId: string;
  /** Stored with the event, so that a retry after a lost connection recognises its own order. */
  readonly commandId: string;
  readonly viewer: Viewer;
  readonly actor: Actor;
  /** Null if the order is known to exist: the command then reads the result of its creation. */
  readonly draft: OrderDraft | null;
  /** Of the normalised request. Another request under the same id is rejected. */
  readonly fingerprint: Uint8Array;
  /** Path of the order's input in the arguments of the mutation. */
  readonly inputPath: FieldPath;
  /** The field of the input that identifies the order. */
  readonly identifiedBy: 'id' | 'idempotencyKey';
}

/** The order that exists under the id of a command, and the facts of its creation. */
export interface ExistingOrder {
  readonly order: Order;
  /** The customer at creation, which a tombstone has lost. */
  readonly customerId: string | null;
  readonly commandId: string;
  readonly fingerprint: Uint8Array;
}

export type CreationDecision =
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'repeated'; readonly order: Order; readonly replayed: boolean }
  | Created;

export interface Created {
  readonly kind: 'created';
  readonly order: NewOrder;
  readonly event: NewOrderEvent;
  readonly lines: readonly OrderLine[];
}

/**
 * The customer of an order that the viewer creates. A customer creates orders for itself only, and no guest orders.
 *
 * @param at path of the input within the mutation arguments
 * @throws RequestError FORBIDDEN
 */
export function customerOfCreation(viewer: Viewer, requested: string | null, at: FieldPath): string | null {
  const owner = ownerFilter(viewer);
  if (owner === null) return requested;
  if (owner !== '' && (requested === null || requested === owner)) return owner;
  const field = [...at, 'customerId'].join('.');
  const message = `${field} must be omitted or equal the subject of the token: customers create orders for themselves only.`;
  throw new RequestError('FORBIDDEN', message, { details: { field } });
}

/**
 * Decides a creation. An id or idempotency key creates one order: the same request gets that order again, another
 * request or another viewer is rejected.
 *
 * @param existing the order under the id of the command, its tombstone, or null
 * @param referenceTaken whether another order of the customer has the external reference of the draft
 */
export function decideCreation(
  existing: ExistingOrder | null,
  command: CreationCommand,
  { referenceTaken }: { readonly referenceTaken: boolean },
): CreationDecision {
  if (existing !== null) return decideRepetition(existing, command);
  const { draft, inputPath, orderId } = command;
  if (draft === null) throw new Error(`order ${orderId} is known to exist, but was not found`);
  if (referenceTaken) return rejected(invalid([duplicateReference([...inputPath, 'externalReference'])]));
  const { lines, ...rest } = draft;
  const order: NewOrder = {
    ...rest,
    id: orderId,
    status: INITIAL_STATUS,
    tracking: null,
    version: 1,
    completedAt: null,
    cancelledAt: null,
    cancelReason: null,
    deletedAt: null,
  };
  return { kind: 'created', order, event: creationEvent(order, { actor: command.actor, reason: null }), lines };
}

function decideRepetition(existing: ExistingOrder, command: CreationCommand): CreationDecision {
  const { order, customerId, commandId, fingerprint } = existing;
  const { inputPath, identifiedBy } = command;
  const field = [...inputPath, identifiedBy];
  const isVisible = maySee(command.viewer, { customerId });
  if (isVisible && order.deletedAt !== null) return rejected({ code: 'ORDER_DELETED', field });
  if (isVisible && isEqual(fingerprint, command.fingerprint)) {
    return { kind: 'repeated', order, replayed: commandId !== command.commandId };
  }
  const message = `${identifiedBy} was already used with different input.`;
  return rejected({ code: 'IDEMPOTENCY_MISMATCH', message, field });
}

function rejected(rejection: Rejection): CreationDecision {
  return { kind: 'rejected', rejection };
}

/** A new order with the values that the database assigned. */
export function storedOrder(order: NewOrder, { number, createdAt }: Assigned): Order {
  return { ...order, number, createdAt, updatedAt: createdAt };
}
