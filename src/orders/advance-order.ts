import { readTracking, type TrackingInput } from '../domain/address.js';
import { invalid, type Rejection } from '../domain/errors.js';
import { Problems } from '../domain/input-problems.js';
import type { OrderStatus } from '../domain/lifecycle.js';
import { ORDER_LIMITS } from '../domain/limits.js';
import { FULFILMENT_ACTOR } from '../domain/viewer.js';
import type { Caller } from './interfaces/caller.js';
import type { OrderDependencies } from './order-dependencies.js';
import { newUuid } from './order-id.js';

export interface AdvanceRequest {
  readonly orderId: string;
  /** The status of the order when the step was due. */
  readonly from: OrderStatus;
  readonly to: OrderStatus;
  readonly reason?: string | undefined;
  /** Only for SHIPPED. */
  readonly tracking?: TrackingInput | undefined;
}

/**
 * Changes the status of an order as fulfilment. An order that has left `from` stays as it is, so repeats change nothing.
 *
 * @returns why the order was not changed; null if it was, or has left `from`
 */
export async function advanceOrder(
  { writer }: Pick<OrderDependencies, 'writer'>,
  { orderId, from, to, ...details }: AdvanceRequest,
  caller: Caller,
): Promise<Rejection | null> {
  const problems = new Problems();
  const tracking = readTracking(details.tracking, ['tracking'], problems);
  const reason = problems.text(details.reason, ['reason'], ORDER_LIMITS.reason);
  if (tracking !== null && to !== 'SHIPPED') {
    problems.add('INVALID', ['tracking'], 'tracking is allowed only with status SHIPPED.');
  }
  if (problems.list.length > 0) return invalid(problems.list);
  const outcome = await writer.write(
    {
      kind: 'change',
      orderId,
      commandId: newUuid(),
      viewer: caller.viewer,
      actor: FULFILMENT_ACTOR,
      change: { kind: 'status', from, to, cancelReason: 'OTHER', tracking },
      expectedVersion: null,
      reason,
      key: null,
      traceparent: caller.traceparent,
      inputPath: [],
    },
    caller,
  );
  return outcome.kind === 'rejected' ? outcome.rejection : null;
}
