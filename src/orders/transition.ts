import { ORDER_LIMITS } from '../domain/draft.js';
import type { InputProblem, Refusal } from '../domain/errors.js';
import type { OrderStatus } from '../domain/lifecycle.js';
import type { Order } from '../domain/order.js';
import { actorOf, type Viewer } from '../domain/viewer.js';
import { fingerprint, hashKey, newUuid, parseUuid } from './identity.js';
import { checkKey } from './keys.js';
import type { OrderWriter, Patience, TransitionOrder } from './ports.js';

export interface TransitionRequest {
  readonly id: string;
  readonly status: OrderStatus;
  readonly expectedVersion?: number | null | undefined;
  readonly reason?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export type TransitionResult = { readonly order: Order; readonly changed: boolean } | { readonly refusal: Refusal };

export type TransitionOrderFn = (
  request: TransitionRequest,
  viewer: Viewer,
  patience: Patience,
) => Promise<TransitionResult>;

/** Moves orders through their life, one decision after the other for each order. */
export function transitionOrders(writer: OrderWriter, secret: Uint8Array): TransitionOrderFn {
  return async (request, viewer, patience) => {
    const orderId = parseUuid(request.id);
    const problems = check(request, orderId);
    if (orderId === null || problems.length > 0) return { refusal: { code: 'INVALID_INPUT', problems } };

    const outcome = await writer.write(commandOf(request, orderId, viewer, secret), patience);
    if (outcome.kind === 'refused') return { refusal: outcome.refusal };
    if (outcome.kind !== 'transitioned') throw new Error(`a change of status came back as ${outcome.kind}`);
    return { order: outcome.order, changed: outcome.changed };
  };
}

function commandOf(request: TransitionRequest, orderId: string, viewer: Viewer, secret: Uint8Array): TransitionOrder {
  const { status, expectedVersion = null, reason: given = null, idempotencyKey: key = null } = request;
  const reason = given?.trim() ?? null;
  return {
    kind: 'transition',
    orderId,
    commandId: newUuid(),
    viewer,
    actor: actorOf(viewer),
    to: status,
    expectedVersion,
    reason,
    key:
      key === null
        ? null
        : {
            hash: hashKey(viewer, key),
            fingerprint: fingerprint(secret, ['transition', orderId, status, expectedVersion, reason]),
          },
    field: ['input', 'id'],
  };
}

function check(request: TransitionRequest, orderId: string | null): readonly InputProblem[] {
  const problems: InputProblem[] = [];
  if (orderId === null) {
    problems.push({ code: 'INVALID', message: 'id must be a UUID.', field: ['input', 'id'] });
  }
  const { expectedVersion, reason, idempotencyKey } = request;
  if (typeof expectedVersion === 'number' && expectedVersion < 1) {
    const message = `expectedVersion must be 1 or more; it is ${expectedVersion}.`;
    problems.push({ code: 'INVALID', message, field: ['input', 'expectedVersion'] });
  }
  if (typeof reason === 'string' && reason.trim() === '') {
    problems.push({ code: 'INVALID', message: 'reason must not be blank.', field: ['input', 'reason'] });
  }
  if (typeof reason === 'string' && reason.trim().length > ORDER_LIMITS.reason) {
    const message = `reason must have at most ${ORDER_LIMITS.reason} characters.`;
    problems.push({ code: 'LIMIT_EXCEEDED', message, field: ['input', 'reason'] });
  }
  if (typeof idempotencyKey === 'string') problems.push(...checkKey(idempotencyKey, ['input', 'idempotencyKey']));
  return problems;
}
