import { Problems } from '../domain/input-problems.js';
import { ORDER_LIMITS } from '../domain/limits.js';
import {
  changeOrder,
  commonFingerprintParts,
  INPUT_PATH,
  type ChangeRequest,
  type ChangeResult,
} from './change-order.js';
import type { Caller } from './interfaces/caller.js';
import type { OrderDependencies } from './order-dependencies.js';

export interface AssignmentRequest extends ChangeRequest {
  readonly customerId: string;
}

/** Assigns a guest order to a customer. */
export async function assignCustomer(
  dependencies: OrderDependencies,
  request: AssignmentRequest,
  caller: Caller,
): Promise<ChangeResult> {
  const { customerId } = request;
  const problems = new Problems();
  problems.id(customerId, [...INPUT_PATH, 'customerId'], ORDER_LIMITS.customerId);
  const checked = {
    inputPath: INPUT_PATH,
    change: { kind: 'assign', customerId },
    problems,
    fingerprintParts: [...commonFingerprintParts('assign', request), customerId],
  } as const;
  return changeOrder(dependencies, request, checked, caller);
}
