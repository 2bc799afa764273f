import { readTracking, type TrackingInput } from '../domain/address.js';
import type { FieldPath } from '../domain/errors.js';
import { Problems } from '../domain/input-problems.js';
import type { OrderStatus } from '../domain/lifecycle.js';
import type { CancelReason } from '../domain/order.js';
import { changeOrder, INPUT_PATH, type ChangeRequest, type ChangeResult } from './change-order.js';
import type { Caller } from './interfaces/caller.js';
import type { OrderDependencies } from './order-dependencies.js';

export interface TransitionRequest extends ChangeRequest {
  readonly status: OrderStatus;
  readonly tracking?: TrackingInput | null | undefined;
}

/**
 * Changes the status of an order.
 *
 * @param inputPath of the request in the arguments of the mutation
 */
export async function transitionOrder(
  dependencies: OrderDependencies,
  request: TransitionRequest,
  caller: Caller,
  inputPath: FieldPath = INPUT_PATH,
): Promise<ChangeResult> {
  const { id, status, expectedVersion = null, reason = null } = request;
  const problems = new Problems();
  const tracking = readTracking(request.tracking, [...inputPath, 'tracking'], problems);
  if (tracking !== null && status !== 'SHIPPED') {
    problems.add('INVALID', [...inputPath, 'tracking'], 'tracking is allowed only with status SHIPPED.');
  }
  const change = { kind: 'status', to: status, cancelReason: 'OTHER', tracking } as const;
  const always = ['transition', id.toLowerCase(), status, expectedVersion, reason?.trim() ?? null];
  const fingerprintParts = tracking === null ? always : [...always, tracking];
  return changeOrder(dependencies, request, { inputPath, change, problems, fingerprintParts }, caller);
}

export interface CancelRequest extends Omit<ChangeRequest, 'reason'> {
  readonly reason: CancelReason;
  readonly note?: string | null | undefined;
}

/** Cancels an order for a reason; the note is the free text of the event. */
export async function cancelOrder(
  dependencies: OrderDependencies,
  { note = null, reason, ...request }: CancelRequest,
  caller: Caller,
): Promise<ChangeResult> {
  const { id, expectedVersion = null } = request;
  const checked = {
    inputPath: INPUT_PATH,
    change: { kind: 'status', to: 'CANCELLED', cancelReason: reason, tracking: null },
    problems: new Problems(),
    fingerprintParts: ['cancel', id.toLowerCase(), reason, expectedVersion, note?.trim() ?? null],
    reasonField: 'note',
  } as const;
  return changeOrder(dependencies, { ...request, reason: note }, checked, caller);
}
