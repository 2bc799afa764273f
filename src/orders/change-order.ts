import type { Change } from '../domain/decide-change.js';
import { invalid, type FieldPath, type InputProblem, type Rejection } from '../domain/errors.js';
import type { Problems } from '../domain/input-problems.js';
import { ORDER_LIMITS } from '../domain/limits.js';
import type { Order } from '../domain/order.js';
import { actorOf } from '../domain/viewer.js';
import { fingerprintOf } from './fingerprint.js';
import { checkIdempotencyKey, hashKey } from './idempotency-key.js';
import type { Caller } from './interfaces/caller.js';
import type { OrderDependencies } from './order-dependencies.js';
import { newUuid, parseUuid } from './order-id.js';

/** The fields that every change of an order has. */
export interface ChangeRequest {
  readonly id: string;
  readonly expectedVersion?: number | null | undefined;
  readonly reason?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export type ChangeResult = { readonly order: Order; readonly changed: boolean } | { readonly rejection: Rejection };

/** Path of the input in the arguments of a mutation on one order. */
export const INPUT_PATH: FieldPath = ['input'];

/** A change whose own fields are checked. */
export interface CheckedChange {
  readonly inputPath: FieldPath;
  readonly change: Change;
  /** The problems of its own fields. */
  readonly problems: Problems;
  /** Everything that distinguishes the request from others under the same idempotency key. */
  readonly fingerprintParts: readonly unknown[];
  /** The field of the input that holds the reason. */
  readonly reasonField?: 'reason' | 'note';
}

/** Checks the common fields of a change, then has it decided and stored. */
export async function changeOrder(
  { writer, fingerprintSecret }: OrderDependencies,
  request: ChangeRequest,
  { inputPath, change, problems, fingerprintParts, reasonField = 'reason' }: CheckedChange,
  caller: Caller,
): Promise<ChangeResult> {
  const { viewer } = caller;
  const { expectedVersion = null, idempotencyKey: key = null } = request;
  const orderId = parseUuid(request.id);
  if (orderId === null) problems.add('INVALID', [...inputPath, 'id'], 'id must be a UUID.');
  if (expectedVersion !== null && expectedVersion < 1) {
    const message = `expectedVersion must be 1 or more; it is ${expectedVersion}.`;
    problems.add('INVALID', [...inputPath, 'expectedVersion'], message);
  }
  const reason = problems.text(request.reason, [...inputPath, reasonField], ORDER_LIMITS.reason);
  const keyProblems: readonly InputProblem[] =
    key === null ? [] : checkIdempotencyKey(key, [...inputPath, 'idempotencyKey']);
  const all = [...problems.list, ...keyProblems];
  if (orderId === null || all.length > 0) return { rejection: invalid(all) };

  const fingerprint = () => fingerprintOf(fingerprintSecret, fingerprintParts);
  const outcome = await writer.write(
    {
      kind: 'change',
      orderId,
      commandId: newUuid(),
      traceparent: caller.traceparent,
      viewer,
      actor: actorOf(viewer),
      change,
      expectedVersion,
      reason,
      key: key === null ? null : { hash: hashKey(viewer, key), fingerprint: fingerprint() },
      inputPath,
    },
    caller,
  );
  if (outcome.kind === 'rejected') return { rejection: outcome.rejection };
  if (outcome.kind !== 'changed') throw new Error(`a change was answered with the outcome ${outcome.kind}`);
  return { order: outcome.order, changed: outcome.changed };
}

/** The fingerprint parts that every change has, in the order of the stored fingerprints. */
export function commonFingerprintParts(
  kind: string,
  { id, expectedVersion = null, reason = null }: ChangeRequest,
): readonly unknown[] {
  return [kind, id.toLowerCase(), expectedVersion, reason?.trim() ?? null];
}
