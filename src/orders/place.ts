import { draftOrder, type DraftInput } from '../domain/draft.js';
import type { FieldPath, InputProblem, Refusal } from '../domain/errors.js';
import type { Order } from '../domain/order.js';
import { actorOf, type Viewer } from '../domain/viewer.js';
import { fingerprintOfDraft, isClientUuid, newUuid, orderIdOfKey, parseUuid } from './identity.js';
import { checkKey } from './keys.js';
import type { OrderWriter, Patience } from './ports.js';

export interface PlaceRequest extends DraftInput {
  /** A UUID v4 or v7 that the client made. Not together with `idempotencyKey`. */
  readonly id?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export type PlaceResult = { readonly order: Order; readonly replayed: boolean } | { readonly refusal: Refusal };

export type PlaceOrderFn = (request: PlaceRequest, viewer: Viewer, patience: Patience) => Promise<PlaceResult>;

/** Takes orders: exactly one for each id or key, however often it is asked for. */
export function placeOrders(writer: OrderWriter, secret: Uint8Array): PlaceOrderFn {
  return async (request, viewer, patience) => {
    const identity = identify(request, viewer);
    const drafted = draftOrder(request, ['input']);
    const problems = [...identity.problems, ...('problems' in drafted ? drafted.problems : [])];
    if (!('draft' in drafted) || problems.length > 0) return { refusal: { code: 'INVALID_INPUT', problems } };

    const outcome = await writer.write(
      {
        kind: 'place',
        orderId: identity.orderId,
        commandId: newUuid(),
        viewer,
        actor: actorOf(viewer),
        draft: drafted.draft,
        fingerprint: fingerprintOfDraft(secret, drafted.draft),
        field: identity.field,
      },
      patience,
    );
    if (outcome.kind === 'refused') return { refusal: outcome.refusal };
    if (outcome.kind !== 'placed') throw new Error(`a placed order came back as ${outcome.kind}`);
    return { order: outcome.order, replayed: outcome.replayed };
  };
}

interface Identity {
  readonly orderId: string;
  readonly field: FieldPath;
  readonly problems: readonly InputProblem[];
}

/** The order's id: the client's own, the one its key stands for, or a new one. */
function identify(request: PlaceRequest, viewer: Viewer): Identity {
  const { id, idempotencyKey: key } = request;
  const idField = ['input', 'id'];
  if (id !== null && id !== undefined) {
    const uuid = parseUuid(id);
    if (uuid === null || !isClientUuid(uuid)) return unusable(idField, 'id must be a UUID of version 4 or 7.');
    if (key !== null && key !== undefined) return unusable(idField, 'Give id or idempotencyKey, not both.');
    return { orderId: uuid, field: idField, problems: [] };
  }
  const keyField = ['input', 'idempotencyKey'];
  if (key === null || key === undefined) return { orderId: newUuid(), field: keyField, problems: [] };
  return { orderId: orderIdOfKey(viewer, key), field: keyField, problems: checkKey(key, keyField) };
}

function unusable(field: FieldPath, message: string): Identity {
  return { orderId: '', field, problems: [{ code: 'INVALID', message, field }] };
}
