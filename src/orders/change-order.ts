import { readTracking, type TrackingInput } from '../domain/address.js';
import type { Change } from '../domain/decide-change.js';
import type { OrderUpdate } from '../domain/decide-update.js';
import { readGivenDetails, type DetailsInput } from '../domain/order-details.js';
import { readGivenAmounts, type AmountsInput } from '../domain/order-draft.js';
import { invalid, notFound, type FieldPath, type InputProblem, type Rejection } from '../domain/errors.js';
import type { OrderStatus } from '../domain/lifecycle.js';
import { ORDER_LIMITS } from '../domain/limits.js';
import { priceLines, requestLines, type LineInput, type RequestedLine } from '../domain/order-lines.js';
import { CURRENCY_EXPONENTS } from '../domain/money.js';
import { AMOUNTS, type Amounts, type CancelReason, type Order } from '../domain/order.js';
import { Problems } from '../domain/input-problems.js';
import { actorOf } from '../domain/viewer.js';
import { findOrder } from './find-order.js';
import { fingerprint, hashKey, newUuid, parseUuid } from './identity.js';
import { checkKey } from './idempotency-key.js';
import { lookUp } from './product-lookup.js';
import type { OrderDependencies } from './create-order.js';
import type { Caller } from './interfaces/caller.js';

/** What every change of an order has. */
interface ChangeRequest {
  readonly id: string;
  readonly expectedVersion?: number | null | undefined;
  readonly reason?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export interface TransitionRequest extends ChangeRequest {
  readonly status: OrderStatus;
  readonly tracking?: TrackingInput | null | undefined;
}

export interface CancelRequest extends Omit<ChangeRequest, 'reason'> {
  readonly reason: CancelReason;
  readonly note?: string | null | undefined;
}

/** What is left out stays; null clears, amounts to 0. */
export interface UpdateOrderRequest extends ChangeRequest, DetailsInput, AmountsInput {
  readonly items?: readonly LineInput[] | null | undefined;
}

export type ChangeResult = { readonly order: Order; readonly changed: boolean } | { readonly rejection: Rejection };

/** @param inputPath of the request in the arguments of the mutation; `input` where left out */
type ChangeFn<R> = (request: R, caller: Caller, inputPath?: FieldPath) => Promise<ChangeResult>;

/** The changes of orders, one decision after the other for each order. */
export interface Changes {
  /** Transitions an order through its life. */
  readonly transition: ChangeFn<TransitionRequest>;
  readonly cancel: ChangeFn<CancelRequest>;
  readonly update: ChangeFn<UpdateOrderRequest>;
  /** Leaves a tombstone. */
  readonly remove: ChangeFn<ChangeRequest>;
}

const INPUT: FieldPath = ['input'];

export function createChanges(dependencies: OrderDependencies): Changes {
  return {
    transition: async (request, caller, inputPath = INPUT) => {
      const problems = new Problems();
      const tracking = readTracking(request.tracking, [...inputPath, 'tracking'], problems);
      if (tracking !== null && request.status !== 'SHIPPED') {
        problems.add('INVALID', [...inputPath, 'tracking'], 'tracking is allowed only with status SHIPPED.');
      }
      const change = { kind: 'status', to: request.status, cancelReason: 'OTHER', tracking } as const;
      const { status, expectedVersion = null, reason = null } = request;
      const fingerprintParts = [
        'transition',
        request.id.toLowerCase(),
        status,
        expectedVersion,
        reason?.trim() ?? null,
      ];
      return write(dependencies, request, caller, {
        inputPath,
        change,
        problems,
        fingerprintParts: tracking === null ? fingerprintParts : [...fingerprintParts, tracking],
      });
    },
    cancel: async ({ note, reason, ...request }, caller, inputPath = INPUT) => {
      const change = { kind: 'status', to: 'CANCELLED', cancelReason: reason, tracking: null } as const;
      const { id, expectedVersion = null } = request;
      const fingerprintParts = ['cancel', id.toLowerCase(), reason, expectedVersion, note?.trim() ?? null];
      const problems = new Problems();
      return write(dependencies, { ...request, reason: note }, caller, {
        inputPath,
        change,
        problems,
        fingerprintParts,
        reasonName: 'note',
      });
    },
    update: async (request, caller, inputPath = INPUT) => updateOrder(dependencies, request, caller, inputPath),
    remove: async (request, caller, inputPath = INPUT) => {
      const { id, expectedVersion = null, reason = null } = request;
      const fingerprintParts = ['delete', id.toLowerCase(), expectedVersion, reason?.trim() ?? null];
      return write(dependencies, request, caller, {
        inputPath,
        change: { kind: 'delete' },
        problems: new Problems(),
        fingerprintParts,
      });
    },
  };
}

async function updateOrder(
  dependencies: OrderDependencies,
  request: UpdateOrderRequest,
  caller: Caller,
  inputPath: FieldPath,
): Promise<ChangeResult> {
  const problems = new Problems();
  const details = readGivenDetails(request, inputPath, problems);
  const { id, items, expectedTotal = null, expectedVersion = null, reason = null } = request;
  if (items === null)
    problems.add(
      'REQUIRED',
      [...inputPath, 'items'],
      'items must not be null; leave it out to keep the current items.',
    );
  const fingerprintParts = ['update', id.toLowerCase(), expectedVersion, reason?.trim() ?? null, details];
  const hasMoney = AMOUNTS.some((name) => request[name] !== undefined) || expectedTotal !== null;
  if (hasMoney || (items !== null && items !== undefined)) {
    return updateMoney(dependencies, request, caller, { inputPath, details, problems, fingerprintParts });
  }
  const change = { kind: 'update', details, amounts: {}, expectedTotal: null, lines: null } as const;
  return write(dependencies, request, caller, { inputPath, change, problems, fingerprintParts });
}

/** An update with items or amounts: they are checked, and items are priced, in the currency of the order. */
async function updateMoney(
  dependencies: OrderDependencies,
  request: UpdateOrderRequest,
  caller: Caller,
  { inputPath, details, problems, fingerprintParts }: Omit<Wanted, 'change'> & Pick<OrderUpdate, 'details'>,
): Promise<ChangeResult> {
  const orderId = parseUuid(request.id);
  const order = orderId === null ? null : await findOrder(dependencies.readerFor(caller), orderId, caller);
  if (orderId !== null && order === null) return { rejection: notFound(inputPath) };

  // The currency of an order never changes, so it may be read before the order is locked.
  const exponent = CURRENCY_EXPONENTS.get(order?.currency ?? '');
  const items = request.items ?? null;
  const pricing = { exponent, catalogue: dependencies.catalogue !== null };
  const lines = items === null ? null : requestLines(items, pricing, [...inputPath, 'items'], problems);
  const amounts = readGivenAmounts(request, exponent, inputPath, problems);
  const expectedTotal = problems.amount(request.expectedTotal, [...inputPath, 'expectedTotal'], exponent);
  const isComplete = problems.list.length === 0 && order !== null && lines !== null;
  const key = request.idempotencyKey ?? null;
  const priced = isComplete
    ? await priceUpdate(dependencies, { lines, order, key, inputPath }, caller)
    : lines === null
      ? null
      : [];
  const change = { kind: 'update', details, amounts, expectedTotal, lines: priced } as const;
  return write(dependencies, request, caller, {
    inputPath,
    change,
    problems,
    fingerprintParts: [...fingerprintParts, ...fingerprintPartsOf(lines, amounts, expectedTotal)],
  });
}

/** Only what is given, so that the fingerprints of requests without amounts stay as they were before there were any. */
function fingerprintPartsOf(
  lines: readonly RequestedLine[] | null,
  amounts: Partial<Amounts>,
  expectedTotal: bigint | null,
): readonly unknown[] {
  const money = { ...amounts, ...(expectedTotal === null ? {} : { expectedTotal }) };
  return [...(lines === null ? [] : [lines]), ...(Object.keys(money).length === 0 ? [] : [money])];
}

/**
 * New lines with their prices, or why there are none. The catalogue is not asked for what was done before under the same
 * key, however the answer to that was lost.
 */
async function priceUpdate(
  { catalogue, readerFor }: OrderDependencies,
  { lines, order, key, inputPath }: UnpricedLines,
  caller: Caller,
): Promise<OrderUpdate['lines']> {
  const { id: orderId, currency } = order;
  const isNeedless = async () =>
    key !== null &&
    readerFor(caller).isCommandKnown({ orderId, key: Buffer.from(hashKey(caller.viewer, key)).toString('hex') });
  const products = await lookUp(lines, { catalogue, caller, isNeedless });
  const priced = priceLines(lines, currency, products ?? new Map(), [...inputPath, 'items']);
  return 'problems' in priced ? priced : priced.lines;
}

interface UnpricedLines {
  readonly lines: readonly RequestedLine[];
  readonly order: Order;
  readonly key: string | null;
  readonly inputPath: FieldPath;
}

interface Wanted {
  readonly inputPath: FieldPath;
  readonly change: Change;
  readonly problems: Problems;
  /** Everything that makes the request this one and no other. */
  readonly fingerprintParts: readonly unknown[];
  /** What the request calls its reason. */
  readonly reasonName?: string;
}

/** Checks what every change has, and has the command decided and stored. */
async function write(
  { writer, secret }: OrderDependencies,
  request: ChangeRequest,
  caller: Caller,
  { inputPath, change, problems, fingerprintParts, reasonName = 'reason' }: Wanted,
): Promise<ChangeResult> {
  const { viewer } = caller;
  const orderId = parseUuid(request.id);
  const { expectedVersion = null, idempotencyKey: key = null } = request;
  if (orderId === null) problems.add('INVALID', [...inputPath, 'id'], 'id must be a UUID.');
  if (expectedVersion !== null && expectedVersion < 1) {
    const message = `expectedVersion must be 1 or more; it is ${expectedVersion}.`;
    problems.add('INVALID', [...inputPath, 'expectedVersion'], message);
  }
  const reason = problems.text(request.reason, [...inputPath, reasonName], ORDER_LIMITS.reason);
  const keyProblems: readonly InputProblem[] = key === null ? [] : checkKey(key, [...inputPath, 'idempotencyKey']);
  const all = [...problems.list, ...keyProblems];
  if (orderId === null || all.length > 0) return { rejection: invalid(all) };

  const outcome = await writer.write(
    {
      kind: 'change',
      orderId,
      commandId: newUuid(),
      viewer,
      actor: actorOf(viewer),
      change,
      expectedVersion,
      reason,
      key: key === null ? null : { hash: hashKey(viewer, key), fingerprint: fingerprint(secret, fingerprintParts) },
      inputPath,
    },
    caller,
  );
  if (outcome.kind === 'rejected') return { rejection: outcome.rejection };
  if (outcome.kind !== 'changed') throw new Error(`a change came back as ${outcome.kind}`);
  return { order: outcome.order, changed: outcome.changed };
}
