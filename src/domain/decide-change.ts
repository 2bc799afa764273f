import { decideAssignment, type Assignment } from './decide-assignment.js';
import { decideDeletion } from './decide-deletion.js';
import { decideErasure, type Erasure } from './decide-erasure.js';
import { decideTransition, type Transition } from './decide-transition.js';
import { decideUpdate, type OrderUpdate } from './decide-update.js';
import { notFound, type FieldPath, type Rejection } from './errors.js';
import type { OrderEvent } from './order-event.js';
import type { Order, OrderLine } from './order.js';
import { maySee, type Actor, type Viewer } from './viewer.js';

/** A requested change of an order. */
export type Change =
  | ({ readonly kind: 'status' } & Transition)
  | ({ readonly kind: 'update' } & OrderUpdate)
  | ({ readonly kind: 'assign' } & Assignment)
  | ({ readonly kind: 'erase' } & Erasure)
  | { readonly kind: 'delete' };

/** A command to change an order. */
export interface ChangeCommand {
  readonly viewer: Viewer;
  readonly actor: Actor;
  readonly change: Change;
  /** The command is rejected if the order has another version; null accepts every version. */
  readonly expectedVersion: number | null;
  readonly reason: string | null;
  /** Path of the change's input in the arguments of the mutation. */
  readonly inputPath: FieldPath;
}

/** Facts, besides the order, on which a decision depends. */
export interface Known {
  /**
   * The result of an earlier attempt of this command whose response was lost, or of an earlier command with the same
   * idempotency key.
   */
  readonly earlier: 'none' | 'own-attempt' | 'same-request' | 'other-request';
  /** The current lines of the order, if the change replaces them. */
  readonly lines: readonly OrderLine[];
  /** Whether another order of the customer has the requested external reference. */
  readonly referenceTaken: boolean;
  /** The time of the database, read after the row lock of the order. */
  readonly now: Date;
}

/** The decision on a command: a rejection, no change, or the changed order with its event. */
export type Decision =
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'unchanged'; readonly order: Order }
  | { readonly kind: 'repeated'; readonly order: Order }
  /** The order stays as it is, and its events lose the personal data of their customer. */
  | { readonly kind: 'history-erased'; readonly order: Order }
  | Changed;

export interface Changed {
  readonly kind: 'changed';
  readonly order: Order;
  readonly event: OrderEvent;
  /** The new lines of the order; null if they do not change. */
  readonly lines: readonly OrderLine[] | null;
}

/**
 * Decides a change. The checks run in the documented order: existence and visibility, idempotency key, expected version,
 * no change, lifecycle.
 *
 * @param order the order under its row lock, or null if it does not exist
 */
export function decideChange(order: Order | null, command: ChangeCommand, known: Known): Decision {
  if (order !== null && known.earlier === 'own-attempt') return { kind: 'repeated', order }; // it may have been deleted since
  if (order === null || !isThere(order, command, known)) return rejected(notFound(command.inputPath));
  if (known.earlier === 'same-request') return { kind: 'repeated', order };
  if (known.earlier === 'other-request') {
    const field = [...command.inputPath, 'idempotencyKey'];
    return rejected({
      code: 'IDEMPOTENCY_MISMATCH',
      message: 'idempotencyKey was already used with different input.',
      field,
    });
  }
  const { change, expectedVersion } = command;
  if (expectedVersion !== null && expectedVersion !== order.version) {
    const field = [...command.inputPath, 'expectedVersion'];
    return rejected({ code: 'VERSION_CONFLICT', order, expectedVersion, field });
  }
  switch (change.kind) {
    case 'status':
      return decideTransition(order, change, command, known);
    case 'update':
      return decideUpdate(order, change, command, known);
    case 'assign':
      return decideAssignment(order, change, command, known);
    case 'erase':
      return decideErasure(order, change, command, known);
    case 'delete':
      return decideDeletion(order, command, known);
  }
}

/**
 * Whether the order exists for the command. A tombstone exists for a deletion with a key that was used on the order: keys
 * are scoped to their viewer, so it is the viewer who could see the order at that time. An erasure includes tombstones.
 */
function isThere(order: Order, { viewer, change }: ChangeCommand, { earlier }: Known): boolean {
  if (order.deletedAt === null) return maySee(viewer, order);
  return change.kind === 'erase' || (change.kind === 'delete' && earlier !== 'none');
}

function rejected(rejection: Rejection): Decision {
  return { kind: 'rejected', rejection };
}
