import { decideDeletion, decideUpdate, type OrderUpdate } from './decide-update.js';
import { decideTransition, type Transition } from './decide-transition.js';
import { notFound, type FieldPath, type Rejection } from './errors.js';
import type { OrderEvent } from './order-event.js';
import type { Order, OrderLine } from './order.js';
import { maySee, type Actor, type Viewer } from './viewer.js';

/** What is asked to become of an order. */
export type Change =
  | ({ readonly kind: 'status' } & Transition)
  | ({ readonly kind: 'update' } & OrderUpdate)
  | { readonly kind: 'delete' };

/** Asks for an order to be changed. */
export interface ChangeCommand {
  readonly viewer: Viewer;
  readonly actor: Actor;
  readonly change: Change;
  /** Reject unless the order is at this version. */
  readonly expectedVersion: number | null;
  readonly reason: string | null;
  /** Path of the change's input in the arguments of the mutation. */
  readonly inputPath: FieldPath;
}

/** What else is known when a command is decided. */
export interface Known {
  /**
   * What was done before: by an earlier attempt of this very command whose answer was lost, or by an earlier command
   * under the same idempotency key.
   */
  readonly earlier: 'none' | 'own-attempt' | 'same-request' | 'other-request';
  /** The lines of the order, where the change is about them. */
  readonly lines: readonly OrderLine[];
  /** Whether another order of the customer has the external reference asked for. */
  readonly referenceTaken: boolean;
  /** The database's time, taken after the order's row lock. */
  readonly now: Date;
}

/** What becomes of a command: a rejection, nothing to do, or the order after it with the event that says so. */
export type Decision =
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'unchanged'; readonly order: Order }
  | { readonly kind: 'repeated'; readonly order: Order }
  | Changed;

export interface Changed {
  readonly kind: 'changed';
  readonly order: Order;
  readonly event: OrderEvent;
  /** The order's new lines; null where they stay. */
  readonly lines: readonly OrderLine[] | null;
}

/**
 * Decides a change. Pure; the checks come in the order the contract promises: it exists and is the viewer's,
 * idempotency key, expected version, nothing to do, then whether it is allowed.
 *
 * @param order the order under its row lock, or null where there is none
 */
export function decideChange(order: Order | null, command: ChangeCommand, known: Known): Decision {
  if (order !== null && known.earlier === 'own-attempt') return { kind: 'repeated', order }; // deleted since, perhaps
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
    case 'delete':
      return decideDeletion(order, command, known);
  }
}

/**
 * Whether the order is there for the command. A tombstone is there for a deletion under a key that was used on the
 * order: keys are their viewer's own, so it is of the viewer who could see the order then.
 */
function isThere(order: Order, { viewer, change }: ChangeCommand, { earlier }: Known): boolean {
  if (order.deletedAt === null) return maySee(viewer, order);
  return change.kind === 'delete' && earlier !== 'none';
}

function rejected(rejection: Rejection): Decision {
  return { kind: 'rejected', rejection };
}
