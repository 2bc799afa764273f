import { completeDraft, validateOrderRequest, type DraftInput, type OrderRequest } from '../domain/order-draft.js';
import { customerOfCreation } from '../domain/decide-creation.js';
import { invalid, type FieldPath, type InputProblem, type Rejection } from '../domain/errors.js';
import { priceLines } from '../domain/order-lines.js';
import type { Order, OrderDraft, OrderItem } from '../domain/order.js';
import { actorOf, type Viewer } from '../domain/viewer.js';
import { creationFingerprintParts, fingerprintOf } from './fingerprint.js';
import { checkIdempotencyKey, orderIdOfKey } from './idempotency-key.js';
import { isClientUuid, newUuid, parseUuid } from './order-id.js';
import { lookUpProducts } from './product-lookup.js';
import type { Caller } from './interfaces/caller.js';
import type { CreateOrder, WriteOutcome } from './interfaces/order-writer.js';
import type { OrderDependencies } from './order-dependencies.js';

export interface CreateOrderRequest extends DraftInput {
  /** Client-generated UUID (v4 or v7). Mutually exclusive with `idempotencyKey`. */
  readonly id?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export type CreateOrderResult = CreatedOrder | { readonly rejection: Rejection };

export interface CreatedOrder {
  readonly order: Order;
  readonly replayed: boolean;
  /** Missing where they have to be read. */
  readonly items?: readonly OrderItem[];
}

/** Creates an order: exactly one for each id or idempotency key, no matter how often the request is repeated. */
export async function createOrder(
  dependencies: OrderDependencies,
  request: CreateOrderRequest,
  caller: Caller,
): Promise<CreateOrderResult> {
  const inputPath = ['input'];
  const owned = withCustomer(request, caller.viewer, inputPath);
  const prepared = await prepareCreation(dependencies, owned, caller, inputPath);
  if ('rejection' in prepared) return prepared;
  const outcome = await dependencies.writer.write(prepared.command, caller);
  return toCreateOrderResult(outcome, prepared.command);
}

/** The request with its customer. @throws RequestError FORBIDDEN if the viewer may not create orders for that customer */
export function withCustomer(request: CreateOrderRequest, viewer: Viewer, inputPath: FieldPath): CreateOrderRequest {
  const { customerId = null } = request;
  const owner = customerOfCreation(viewer, customerId, inputPath);
  return owner === customerId ? request : { ...request, customerId: owner };
}

export type PreparedCreation = { readonly command: CreateOrder } | { readonly rejection: Rejection };

/**
 * Validates a request, looks up its prices and builds the command that stores the order.
 *
 * @param inputPath path of this order's input within the mutation arguments
 */
export async function prepareCreation(
  dependencies: OrderDependencies,
  request: CreateOrderRequest,
  caller: Caller,
  inputPath: FieldPath,
): Promise<PreparedCreation> {
  const identity = identify(request, caller.viewer, inputPath);
  const checked = validateOrderRequest(request, inputPath, dependencies.productLookup !== null);
  const problems = [...identity.problems, ...('problems' in checked ? checked.problems : [])];
  if ('problems' in checked || problems.length > 0) return { rejection: invalid(problems) };

  const { orderId, identifiedBy } = identity;
  const priced = await priceOrder(dependencies, { orderId, request: checked.request, inputPath }, caller);
  if ('problems' in priced) return { rejection: invalid(priced.problems) };
  return {
    command: {
      kind: 'create',
      orderId,
      commandId: newUuid(),
      traceparent: caller.traceparent,
      viewer: caller.viewer,
      actor: actorOf(caller.viewer),
      draft: priced.draft,
      fingerprint: fingerprintOf(dependencies.fingerprintSecret, creationFingerprintParts(checked.request)),
      inputPath,
      identifiedBy,
    },
  };
}

interface Identity extends Pick<CreateOrder, 'orderId' | 'identifiedBy'> {
  readonly problems: readonly InputProblem[];
}

/** The id of the order: the client-supplied id, the one derived from the idempotency key, or a newly generated one. */
function identify({ id, idempotencyKey: key }: CreateOrderRequest, viewer: Viewer, inputPath: FieldPath): Identity {
  if (id !== null && id !== undefined) {
    const uuid = parseUuid(id);
    const isUsable = uuid !== null && isClientUuid(uuid);
    const hasNoKey = key === null || key === undefined;
    if (isUsable && hasNoKey) return { orderId: uuid, identifiedBy: 'id', problems: [] };
    const message = isUsable ? 'id and idempotencyKey cannot be combined.' : 'id must be a UUID of version 4 or 7.';
    return { orderId: '', identifiedBy: 'id', problems: [{ code: 'INVALID', message, field: [...inputPath, 'id'] }] };
  }
  // Also the default of a newly generated id: only IDEMPOTENCY_MISMATCH and ORDER_DELETED name it, and a new id causes neither.
  const identifiedBy = 'idempotencyKey';
  if (key === null || key === undefined) return { orderId: newUuid(), identifiedBy, problems: [] };
  const problems = checkIdempotencyKey(key, [...inputPath, identifiedBy]);
  return { orderId: orderIdOfKey(viewer, key), identifiedBy, problems };
}

interface UnpricedOrder {
  readonly orderId: string;
  readonly request: OrderRequest;
  readonly inputPath: FieldPath;
}

/** Fills in the missing prices of an order. A replay needs no product lookup, so it works even while the product service is down. */
async function priceOrder(
  { productLookup, readerFor }: OrderDependencies,
  { orderId, request, inputPath }: UnpricedOrder,
  caller: Caller,
): Promise<{ readonly draft: OrderDraft | null } | { readonly problems: readonly InputProblem[] }> {
  const { lines, details } = request;
  const isReplay = () => readerFor(caller).isKnown(orderId);
  const products = await lookUpProducts(productLookup, lines, caller, isReplay);
  if (products === null) return { draft: null };
  const priced = priceLines(lines, details.currency, products, [...inputPath, 'items']);
  return 'problems' in priced ? priced : completeDraft(request, priced.lines, inputPath);
}

export function toCreateOrderResult(outcome: WriteOutcome, command: CreateOrder): CreateOrderResult {
  switch (outcome.kind) {
    case 'created': {
      const { kind: _, ...created } = outcome;
      return created;
    }
    case 'rejected':
      return { rejection: outcome.rejection };
    case 'aborted':
      return { rejection: batchAborted(command) };
    case 'changed':
    case 'group':
      throw new Error(`unexpected outcome for a create command: ${outcome.kind}`);
  }
}

/** Rejection for a valid order that was not stored because another order in its batch was rejected. */
export function batchAborted({ inputPath }: CreateOrder): Rejection {
  const message = 'This order is valid, but was not created because another order in the request was rejected.';
  return invalid([{ code: 'BATCH_ABORTED', message, field: inputPath }]);
}
