import { completeDraft, requestOrder, type DraftInput, type OrderRequest } from '../domain/order-draft.js';
import { invalid, type FieldPath, type InputProblem, type Rejection } from '../domain/errors.js';
import { priceLines } from '../domain/order-lines.js';
import type { Order, OrderDraft } from '../domain/order.js';
import { actorOf, type Viewer } from '../domain/viewer.js';
import { fingerprintOfRequest, isClientUuid, newUuid, orderIdOfKey, parseUuid } from './identity.js';
import { checkKey } from './idempotency-key.js';
import { lookUp } from './product-lookup.js';
import type { Caller } from './interfaces/caller.js';
import type { CoalescedReader } from './interfaces/order-reader.js';
import type { OrderWriter, CreateOrder, WriteOutcome } from './interfaces/order-writer.js';
import type { ProductLookup } from './interfaces/product-lookup.js';

export interface CreateOrderRequest extends DraftInput {
  /** A UUID v4 or v7 that the client made. Not together with `idempotencyKey`. */
  readonly id?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export type CreateOrderResult =
  { readonly order: Order; readonly replayed: boolean } | { readonly rejection: Rejection };

/** What taking orders needs of the world. */
export interface OrderDependencies {
  readonly writer: OrderWriter;
  readonly readerFor: (caller: Caller) => CoalescedReader;
  /** Null where every order brings its own names and prices. */
  readonly catalogue: ProductLookup | null;
  /** Key of the fingerprints. */
  readonly secret: Uint8Array;
}

export type CreateOrderFn = (request: CreateOrderRequest, caller: Caller) => Promise<CreateOrderResult>;

/** Creates orders: exactly one for each id or key, however often the request is repeated. */
export function orderCreator(dependencies: OrderDependencies): CreateOrderFn {
  return async (request, caller) => {
    const prepared = await prepare(dependencies, request, caller, ['input']);
    if ('rejection' in prepared) return prepared;
    return toCreateOrderResult(await dependencies.writer.write(prepared.command, caller), prepared.command);
  };
}

/** Turns a request into the command that stores its order, prices looked up, or into what is wrong with it. */
export async function prepare(
  dependencies: OrderDependencies,
  request: CreateOrderRequest,
  caller: Caller,
  inputPath: FieldPath,
): Promise<{ readonly command: CreateOrder } | { readonly rejection: Rejection }> {
  const { viewer } = caller;
  const identity = identify(request, viewer, inputPath);
  const checked = requestOrder(request, inputPath, dependencies.catalogue !== null);
  const problems = [...identity.problems, ...('problems' in checked ? checked.problems : [])];
  if (!('request' in checked) || problems.length > 0) return { rejection: invalid(problems) };

  const { orderId, identifiedBy } = identity;
  const priced = await price(dependencies, { request: checked.request, orderId, inputPath }, caller);
  if ('problems' in priced) return { rejection: invalid(priced.problems) };
  return {
    command: {
      kind: 'create',
      orderId,
      commandId: newUuid(),
      viewer,
      actor: actorOf(viewer),
      draft: priced.draft,
      fingerprint: fingerprintOfRequest(dependencies.secret, checked.request),
      inputPath,
      identifiedBy,
    },
  };
}

/** Completes a request's prices. An order that is there already needs none, however dead the catalogue is. */
async function price(
  { catalogue, readerFor }: OrderDependencies,
  { request, orderId, inputPath }: Unpriced,
  caller: Caller,
): Promise<{ readonly draft: OrderDraft | null } | { readonly problems: readonly InputProblem[] }> {
  const { lines, details } = request;
  const isKnown = async () => readerFor(caller).isKnown(orderId);
  const products = await lookUp(lines, { catalogue, caller, isNeedless: isKnown });
  if (products === null) return { draft: null };
  const priced = priceLines(lines, details.currency, products, [...inputPath, 'items']);
  return 'problems' in priced ? priced : completeDraft(request, priced.lines, inputPath);
}

interface Unpriced {
  readonly request: OrderRequest;
  readonly orderId: string;
  readonly inputPath: FieldPath;
}

interface Identity {
  readonly orderId: string;
  readonly identifiedBy: CreateOrder['identifiedBy'];
  readonly problems: readonly InputProblem[];
}

/** The order's id: the client's own, the one its key stands for, or a new one. */
function identify(request: CreateOrderRequest, viewer: Viewer, inputPath: FieldPath): Identity {
  const { id, idempotencyKey: key } = request;
  const idField = [...inputPath, 'id'];
  if (id !== null && id !== undefined) {
    const uuid = parseUuid(id);
    if (uuid === null || !isClientUuid(uuid)) return unusable(idField, 'id must be a UUID of version 4 or 7.');
    if (key !== null && key !== undefined) return unusable(idField, 'id and idempotencyKey cannot be combined.');
    return { orderId: uuid, identifiedBy: 'id', problems: [] };
  }
  const identifiedBy = 'idempotencyKey';
  if (key === null || key === undefined) return { orderId: newUuid(), identifiedBy, problems: [] };
  const problems = checkKey(key, [...inputPath, identifiedBy]);
  return { orderId: orderIdOfKey(viewer, key), identifiedBy, problems };
}

function unusable(field: FieldPath, message: string): Identity {
  return { orderId: '', identifiedBy: 'id', problems: [{ code: 'INVALID', message, field }] };
}

/** The outcome of a command as its caller is told. */
export function toCreateOrderResult(outcome: WriteOutcome, command: CreateOrder): CreateOrderResult {
  switch (outcome.kind) {
    case 'created':
      return { order: outcome.order, replayed: outcome.replayed };
    case 'rejected':
      return { rejection: outcome.rejection };
    case 'aborted':
      return { rejection: aborted(command.inputPath) };
    case 'changed':
    case 'group':
      throw new Error(`a created order came back as ${outcome.kind}`);
  }
}

/** What is said of a good order whose group was rejected. */
export function aborted(field: FieldPath): Rejection {
  const message = 'This order is valid, but was not created because another order of the request was rejected.';
  return invalid([{ code: 'BATCH_ABORTED', message, field }]);
}
