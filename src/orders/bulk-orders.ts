import { invalid, RequestError, type FieldPath, type Rejection } from '../domain/errors.js';
import { BULK_LIMITS } from '../domain/limits.js';
import { toError } from '../domain/to-error.js';
import type { ChangeResult } from './change-order.js';
import {
  batchAborted,
  prepareCreation,
  toCreateOrderResult,
  withCustomer,
  type CreateOrderRequest,
  type CreateOrderResult,
  type PreparedCreation,
} from './create-order.js';
import type { Caller } from './interfaces/caller.js';
import type { CreateOrder } from './interfaces/order-writer.js';
import type { OrderDependencies } from './order-dependencies.js';
import { transitionOrder, type TransitionRequest } from './transition-order.js';

export type BatchPolicy = 'ALL_OR_NOTHING' | 'PARTIAL';

export interface CreateOrdersRequest {
  readonly policy: BatchPolicy;
  readonly orders: readonly CreateOrderRequest[];
}

/** A result for each row, or the rejection of the request as a whole. A row that failed unexpectedly is an Error. */
export type Rows<R> = { readonly rows: readonly (R | Error)[] } | { readonly rejection: Rejection };

/** Creates many orders: all of them or none, or each for itself. */
export async function createOrders(
  dependencies: OrderDependencies,
  { policy, orders }: CreateOrdersRequest,
  caller: Caller,
): Promise<Rows<CreateOrderResult>> {
  const inputPath = ['input', 'orders'];
  const rejection = checkOrders(orders, inputPath);
  if (rejection !== null) return { rejection };
  const rows = orders.map((order, index) => {
    const rowPath = [...inputPath, String(index)];
    return { rowPath, order: withCustomer(order, caller.viewer, rowPath) }; // for all rows before any work
  });
  const prepared = await Promise.all(
    rows.map(({ rowPath, order }) => prepareCreation(dependencies, order, caller, rowPath)),
  );
  const create = policy === 'PARTIAL' ? createEach : createAll;
  return { rows: throwIfAllFailed(await create(dependencies, prepared, caller)) };
}

/** Changes many statuses, each for itself. Changes of one order are made one after the other. */
export async function transitionOrders(
  dependencies: OrderDependencies,
  requests: readonly TransitionRequest[],
  caller: Caller,
): Promise<Rows<ChangeResult>> {
  const inputPath = ['input', 'changes'];
  const rejection = checkSize(requests.length, BULK_LIMITS.changes, inputPath);
  if (rejection !== null) return { rejection };
  const previous = new Map<string, Promise<unknown>>(); // the last change of each order
  const rows = requests.map(async (request, index) => {
    const id = request.id.toLowerCase();
    const change = (previous.get(id) ?? Promise.resolve()).then(() =>
      valueOrError(transitionOrder(dependencies, request, caller, [...inputPath, String(index)])),
    );
    previous.set(id, change);
    return change;
  });
  return { rows: throwIfAllFailed(await Promise.all(rows)) };
}

function checkOrders(orders: readonly CreateOrderRequest[], field: FieldPath): Rejection | null {
  const items = orders.reduce((sum, order) => sum + order.items.length, 0);
  if (orders.length <= BULK_LIMITS.orders && items > BULK_LIMITS.items) {
    const message = `orders must contain at most ${BULK_LIMITS.items} items in total; it contains ${items}.`;
    return invalid([{ code: 'LIMIT_EXCEEDED', message, field }]);
  }
  return checkSize(orders.length, BULK_LIMITS.orders, field);
}

function checkSize(size: number, most: number, field: FieldPath): Rejection | null {
  const name = field.at(-1) ?? '';
  if (size === 0) return invalid([{ code: 'REQUIRED', message: `${name} must contain at least 1 entry.`, field }]);
  if (size <= most) return null;
  const message = `${name} must contain at most ${most} entries; it contains ${size}.`;
  return invalid([{ code: 'LIMIT_EXCEEDED', message, field }]);
}

type CreateRows = (
  dependencies: OrderDependencies,
  prepared: readonly PreparedCreation[],
  caller: Caller,
) => Promise<(CreateOrderResult | Error)[]>;

const createEach: CreateRows = async ({ writer }, prepared, caller) =>
  Promise.all(
    prepared.map(async (row) => {
      if ('rejection' in row) return row;
      const { command } = row;
      return valueOrError(writer.write(command, caller).then((outcome) => toCreateOrderResult(outcome, command)));
    }),
  );

/** One rejected row means that none is stored. */
const createAll: CreateRows = async (dependencies, prepared, caller) => {
  const orders = prepared.flatMap((row) => ('command' in row ? row.command : []));
  if (orders.length < prepared.length) {
    return Promise.all(
      prepared.map(async (row) =>
        'rejection' in row ? row : valueOrError(replayOf(dependencies, row.command, caller)),
      ),
    );
  }
  const group = await valueOrError(dependencies.writer.write({ kind: 'group', orders }, caller));
  if (group instanceof Error) return prepared.map(() => group);
  if (group.kind !== 'group') throw new Error(`a group was answered with the outcome ${group.kind}`);
  return orders.map((order, index) => {
    const outcome = group.outcomes[index];
    return outcome === undefined
      ? new Error('a group without an outcome for each order')
      : toCreateOrderResult(outcome, order);
  });
};

/** The result of a valid row in a rejected request: the order that an earlier request stored, or BATCH_ABORTED. */
async function replayOf(
  { writer, readerFor }: OrderDependencies,
  command: CreateOrder,
  caller: Caller,
): Promise<CreateOrderResult> {
  const isStored = await readerFor(caller).isKnown(command.orderId);
  if (!isStored) return { rejection: batchAborted(command) };
  return toCreateOrderResult(await writer.write({ ...command, draft: null }, caller), command);
}

/** One row's failure does not affect the others. */
async function valueOrError<T>(work: Promise<T>): Promise<T | Error> {
  try {
    return await work;
  } catch (thrown) {
    return toError(thrown);
  }
}

/** Where all rows failed for the same expected reason, the request as a whole fails with it. */
function throwIfAllFailed<R>(rows: readonly (R | Error)[]): readonly (R | Error)[] {
  const [first] = rows;
  if (first instanceof RequestError && rows.every((row) => isSame(row, first))) throw first;
  return rows;
}

function isSame(row: unknown, { code, message }: RequestError): boolean {
  return row instanceof RequestError && row.code === code && row.message === message;
}
