import { completeDraft, requestOrder, type DraftInput, type OrderRequest } from '../domain/order-draft.js';
import { invalid, type FieldPath, type InputProblem, type Refusal } from '../domain/errors.js';
import { priceLines } from '../domain/order-lines.js';
import type { Order, OrderDraft } from '../domain/order.js';
import { actorOf, type Viewer } from '../domain/viewer.js';
import { fingerprintOfRequest, isClientUuid, newUuid, orderIdOfKey, parseUuid } from './identity.js';
import { checkKey } from './idempotency-key.js';
import { lookUp } from './product-lookup.js';
import type { Catalogue, CoalescedReader, OrderWriter, Patience, PlaceOrder, WriteOutcome } from './ports.js';

export interface PlaceRequest extends DraftInput {
  /** A UUID v4 or v7 that the client made. Not together with `idempotencyKey`. */
  readonly id?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export type PlaceResult = { readonly order: Order; readonly replayed: boolean } | { readonly refusal: Refusal };

/** What taking orders needs of the world. */
export interface PlaceMeans {
  readonly writer: OrderWriter;
  readonly readerFor: (patience: Patience) => CoalescedReader;
  /** Null where every order brings its own names and prices. */
  readonly catalogue: Catalogue | null;
  /** Key of the fingerprints. */
  readonly secret: Uint8Array;
}

/** Who asks, where the order's input stands in the arguments, and how long the answer is waited for. */
export interface Asking {
  readonly viewer: Viewer;
  readonly patience: Patience;
  readonly at: FieldPath;
}

export type PlaceOrderFn = (request: PlaceRequest, viewer: Viewer, patience: Patience) => Promise<PlaceResult>;

/** Takes orders: exactly one for each id or key, however often it is asked for. */
export function placeOrders(means: PlaceMeans): PlaceOrderFn {
  return async (request, viewer, patience) => {
    const prepared = await prepare(request, { viewer, patience, at: ['input'] }, means);
    if ('refusal' in prepared) return prepared;
    return toPlaceResult(await means.writer.write(prepared.command, patience), prepared.command);
  };
}

/** Turns a request into the command that stores its order, prices looked up, or into what is wrong with it. */
export async function prepare(
  request: PlaceRequest,
  asking: Asking,
  means: PlaceMeans,
): Promise<{ readonly command: PlaceOrder } | { readonly refusal: Refusal }> {
  const { viewer, at } = asking;
  const identity = identify(request, viewer, at);
  const checked = requestOrder(request, at, means.catalogue !== null);
  const problems = [...identity.problems, ...('problems' in checked ? checked.problems : [])];
  if (!('request' in checked) || problems.length > 0) return { refusal: invalid(problems) };

  const priced = await price(checked.request, identity.orderId, asking, means);
  if ('problems' in priced) return { refusal: invalid(priced.problems) };
  const { orderId, field } = identity;
  const fingerprint = fingerprintOfRequest(means.secret, checked.request);
  const who = { viewer, actor: actorOf(viewer) };
  return {
    command: { kind: 'place', orderId, commandId: newUuid(), ...who, draft: priced.draft, fingerprint, field },
  };
}

/** Completes a request's prices. An order that is there already needs none, however dead the catalogue is. */
async function price(
  request: OrderRequest,
  orderId: string,
  { patience, at }: Asking,
  { catalogue, readerFor }: PlaceMeans,
): Promise<{ readonly draft: OrderDraft | null } | { readonly problems: readonly InputProblem[] }> {
  const { lines, exponent, details } = request;
  const isKnown = async () => readerFor(patience).isKnown(orderId);
  const offers = await lookUp(lines, { catalogue, patience, isNeedless: isKnown });
  if (offers === null) return { draft: null };
  const priced = priceLines(lines, details.currency, exponent, offers, [...at, 'items']);
  return 'problems' in priced ? priced : completeDraft(request, priced.lines, at);
}

interface Identity {
  readonly orderId: string;
  readonly field: FieldPath;
  readonly problems: readonly InputProblem[];
}

/** The order's id: the client's own, the one its key stands for, or a new one. */
function identify(request: PlaceRequest, viewer: Viewer, at: FieldPath): Identity {
  const { id, idempotencyKey: key } = request;
  const idField = [...at, 'id'];
  if (id !== null && id !== undefined) {
    const uuid = parseUuid(id);
    if (uuid === null || !isClientUuid(uuid)) return unusable(idField, 'id must be a UUID of version 4 or 7.');
    if (key !== null && key !== undefined) return unusable(idField, 'Give id or idempotencyKey, not both.');
    return { orderId: uuid, field: idField, problems: [] };
  }
  const keyField = [...at, 'idempotencyKey'];
  if (key === null || key === undefined) return { orderId: newUuid(), field: keyField, problems: [] };
  return { orderId: orderIdOfKey(viewer, key), field: keyField, problems: checkKey(key, keyField) };
}

function unusable(field: FieldPath, message: string): Identity {
  return { orderId: '', field, problems: [{ code: 'INVALID', message, field }] };
}

/** The outcome of a command as its caller is told. */
export function toPlaceResult(outcome: WriteOutcome, command: PlaceOrder): PlaceResult {
  switch (outcome.kind) {
    case 'placed':
      return { order: outcome.order, replayed: outcome.replayed };
    case 'refused':
      return { refusal: outcome.refusal };
    case 'aborted':
      return { refusal: aborted(command.field.slice(0, -1)) };
    case 'changed':
    case 'group':
      throw new Error(`a placed order came back as ${outcome.kind}`);
  }
}

/** What is said of a good order whose group was refused. */
export function aborted(field: FieldPath): Refusal {
  const message = 'Nothing is wrong with this order; it was not taken since another one of the request was refused.';
  return invalid([{ code: 'BATCH_ABORTED', message, field }]);
}
