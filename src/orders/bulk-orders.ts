import { invalid, RequestError, type FieldPath, type Rejection } from '../domain/errors.js';
import { BULK_LIMITS } from '../domain/limits.js';
import type { ChangeResult, Changes, TransitionRequest } from './change-order.js';
import type { Caller } from './interfaces/caller.js';
import type { CreateOrder } from './interfaces/order-writer.js';
import {
  aborted,
  prepare,
  toCreateOrderResult,
  type OrderDependencies,
  type CreateOrderRequest,
  type CreateOrderResult,
} from './create-order.js';

export type BatchPolicy = 'ALL_OR_NOTHING' | 'PARTIAL';

export interface CreateOrdersRequest {
  readonly policy: BatchPolicy;
  readonly orders: readonly CreateOrderRequest[];
}

/** An answer for each row, or why the request as a whole was rejected. A row that failed unexpectedly is an Error. */
export type Rows<R> = { readonly rows: readonly (R | Error)[] } | { readonly rejection: Rejection };

export interface Bulk {
  /** Takes many orders: each for itself, or all of them or none. */
  readonly createMany: (request: CreateOrdersRequest, caller: Caller) => Promise<Rows<CreateOrderResult>>;
  /** Changes many statuses, each for itself; those of one order one after the other. */
  readonly transitionMany: (changes: readonly TransitionRequest[], caller: Caller) => Promise<Rows<ChangeResult>>;
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

export function createBulk(dependencies: OrderDependencies, changes: Changes): Bulk {
  return {
    createMany: async ({ policy, orders }, caller) => {
      const rejection = checkOrders(orders);
      if (rejection !== null) return { rejection };
      const prepared = await Promise.all(
        orders.map((order, index) => prepare(dependencies, order, caller, ['input', 'orders', String(index)])),
      );
      const rows = await (policy === 'PARTIAL'
        ? createEach(prepared, dependencies, caller)
        : createAll(prepared, dependencies, caller));
      return { rows: throwIfAllFailed(rows) };
    },
    transitionMany: async (requests, caller) => {
      const rejection = checkSize(requests.length, BULK_LIMITS.changes, ['input', 'changes']);
      if (rejection !== null) return { rejection };
      const before = new Map<string, Promise<unknown>>(); // the last change of each order
      const rows = requests.map(async (request, index) => {
        const name = request.id.toLowerCase();
        const change = (before.get(name) ?? Promise.resolve()).then(() =>
          settled(changes.transition(request, caller, ['input', 'changes', String(index)])),
        );
        before.set(name, change);
        return change;
      });
      return { rows: throwIfAllFailed(await Promise.all(rows)) };
    },
  };
}

function checkOrders(orders: readonly CreateOrderRequest[]): Rejection | null {
  const field = ['input', 'orders'];
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

async function createEach(
  prepared: readonly Prepared[],
  { writer }: OrderDependencies,
  caller: Caller,
): Promise<(CreateOrderResult | Error)[]> {
  return Promise.all(
    prepared.map(async (row) => {
      if ('rejection' in row) return row;
      return settled(writer.write(row.command, caller).then((outcome) => toCreateOrderResult(outcome, row.command)));
    }),
  );
}

/** One rejected row means that none is stored; then the others say so. */
async function createAll(
  prepared: readonly Prepared[],
  dependencies: OrderDependencies,
  caller: Caller,
): Promise<(CreateOrderResult | Error)[]> {
  const orders = prepared.flatMap((row) => ('command' in row ? row.command : []));
  if (orders.length < prepared.length) {
    return Promise.all(
      prepared.map(async (row) => ('rejection' in row ? row : recall(row.command, dependencies, caller))),
    );
  }
  const group = await settled(dependencies.writer.write({ kind: 'group', orders }, caller));
  if (group instanceof Error) return prepared.map(() => group);
  if (group.kind !== 'group') throw new Error(`a group came back as ${group.kind}`);
  return orders.map((order, index) => {
    const outcome = group.outcomes[index];
    return outcome === undefined
      ? new Error('a group without an outcome for each row')
      : toCreateOrderResult(outcome, order);
  });
}

/** What a good row of a rejected request is told: what an earlier request stored is there, nothing else is. */
async function recall(
  command: CreateOrder,
  { writer, readerFor }: OrderDependencies,
  caller: Caller,
): Promise<CreateOrderResult | Error> {
  return settled(
    (async () => {
      if (!(await readerFor(caller).isKnown(command.orderId))) return { rejection: aborted(command.inputPath) };
      return toCreateOrderResult(await writer.write({ ...command, draft: null }, caller), command);
    })(),
  );
}

/** A row that fails must not take the answers of the others along. */
async function settled<T>(work: Promise<T>): Promise<T | Error> {
  try {
    return await work;
  } catch (cause) {
    return cause instanceof Error ? cause : new Error('A row failed.', { cause });
  }
}

/** Where no row was done for one expected reason, and all say the same, the request as a whole has failed for it. */
function throwIfAllFailed<R>(rows: readonly (R | Error)[]): readonly (R | Error)[] {
  const [first] = rows;
  if (first instanceof RequestError && rows.every((row) => isSame(row, first))) {
    throw first;
  }
  return rows;
}

function isSame(row: unknown, { code, message }: RequestError): boolean {
  return row instanceof RequestError && row.code === code && row.message === message;
}
