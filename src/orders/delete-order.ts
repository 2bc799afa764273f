import { Problems } from '../domain/input-problems.js';
import {
  changeOrder,
  commonFingerprintParts,
  INPUT_PATH,
  type ChangeRequest,
  type ChangeResult,
} from './change-order.js';
import type { Caller } from './interfaces/caller.js';
import type { OrderDependencies } from './order-dependencies.js';

/** Deletes an order. Its row stays as a tombstone. */
export async function deleteOrder(
  dependencies: OrderDependencies,
  request: ChangeRequest,
  caller: Caller,
): Promise<ChangeResult> {
  const checked = {
    inputPath: INPUT_PATH,
    change: { kind: 'delete' },
    problems: new Problems(),
    fingerprintParts: commonFingerprintParts('delete', request),
  } as const;
  return changeOrder(dependencies, request, checked, caller);
}
