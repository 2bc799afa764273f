import { invalid, RequestError, type FieldPath, type Refusal } from '../domain/errors.js';
import { BULK_LIMITS } from '../domain/limits.js';
import type { Viewer } from '../domain/viewer.js';
import type { ChangeResult, Changes, TransitionRequest } from './change-order.js';
import type { Patience, PlaceOrder } from './ports.js';
import { aborted, prepare, toPlaceResult, type PlaceMeans, type PlaceRequest, type PlaceResult } from './create-order.js';

export type BatchPolicy = 'ALL_OR_NOTHING' | 'PARTIAL';

export interface PlaceManyRequest {
  readonly policy: BatchPolicy;
  readonly orders: readonly PlaceRequest[];
}

/** An answer for each row, or why the request as a whole was refused. A row that failed unexpectedly is an Error. */
export type Rows<R> = { readonly rows: readonly (R | Error)[] } | { readonly refusal: Refusal };

export interface Bulk {
  /** Takes many orders: each for itself, or all of them or none. */
  readonly placeMany: (request: PlaceManyRequest, viewer: Viewer, patience: Patience) => Promise<Rows<PlaceResult>>;
  /** Changes many statuses, each for itself; those of one order one after the other. */
  readonly transitionMany: (
    changes: readonly TransitionRequest[],
    viewer: Viewer,
    patience: Patience,
  ) => Promise<Rows<ChangeResult>>;
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

export function createBulk(means: PlaceMeans, changes: Changes): Bulk {
  return {
    placeMany: async ({ policy, orders }, viewer, patience) => {
      const refusal = checkOrders(orders);
      if (refusal !== null) return { refusal };
      const askingOf = (index: number) => ({ viewer, patience, at: ['input', 'orders', String(index)] });
      const prepared = await Promise.all(orders.map((order, index) => prepare(order, askingOf(index), means)));
      const rows = await (policy === 'PARTIAL'
        ? placeEach(prepared, means, patience)
        : placeAll(prepared, means, patience));
      return { rows: throwIfAllFailed(rows) };
    },
    transitionMany: async (requests, viewer, patience) => {
      const refusal = checkSize(requests.length, BULK_LIMITS.changes, ['input', 'changes']);
      if (refusal !== null) return { refusal };
      const before = new Map<string, Promise<unknown>>(); // the last change of each order
      const rows = requests.map(async (request, index) => {
        const name = request.id.toLowerCase();
        const change = (before.get(name) ?? Promise.resolve()).then(() =>
          settled(changes.transition(request, { viewer, patience, at: ['input', 'changes', String(index)] })),
        );
        before.set(name, change);
        return change;
      });
      return { rows: throwIfAllFailed(await Promise.all(rows)) };
    },
  };
}

function checkOrders(orders: readonly PlaceRequest[]): Refusal | null {
  const field = ['input', 'orders'];
  const items = orders.reduce((sum, order) => sum + order.items.length, 0);
  if (orders.length <= BULK_LIMITS.orders && items > BULK_LIMITS.items) {
    const message = `orders must have at most ${BULK_LIMITS.items} items together; they have ${items}.`;
    return invalid([{ code: 'LIMIT_EXCEEDED', message, field }]);
  }
  return checkSize(orders.length, BULK_LIMITS.orders, field);
}

function checkSize(size: number, most: number, field: FieldPath): Refusal | null {
  const name = field.at(-1) ?? '';
  if (size === 0) return invalid([{ code: 'REQUIRED', message: `${name} must not be empty.`, field }]);
  if (size <= most) return null;
  const message = `${name} must be at most ${most}; they are ${size}.`;
  return invalid([{ code: 'LIMIT_EXCEEDED', message, field }]);
}

async function placeEach(
  prepared: readonly Prepared[],
  { writer }: PlaceMeans,
  patience: Patience,
): Promise<(PlaceResult | Error)[]> {
  return Promise.all(
    prepared.map(async (row) => {
      if ('refusal' in row) return row;
      return settled(writer.write(row.command, patience).then((outcome) => toPlaceResult(outcome, row.command)));
    }),
  );
}

/** One refused row means that none is stored; then the others say so. */
async function placeAll(
  prepared: readonly Prepared[],
  means: PlaceMeans,
  patience: Patience,
): Promise<(PlaceResult | Error)[]> {
  const orders = prepared.flatMap((row) => ('command' in row ? row.command : []));
  if (orders.length < prepared.length) {
    return Promise.all(prepared.map(async (row) => ('refusal' in row ? row : recall(row.command, means, patience))));
  }
  const group = await settled(means.writer.write({ kind: 'group', orders }, patience));
  if (group instanceof Error) return prepared.map(() => group);
  if (group.kind !== 'group') throw new Error(`a group came back as ${group.kind}`);
  return orders.map((order, index) => {
    const outcome = group.outcomes[index];
    return outcome === undefined ? new Error('a group without an outcome for each row') : toPlaceResult(outcome, order);
  });
}

/** What a good row of a refused request is told: what an earlier request stored is there, nothing else is. */
async function recall(
  command: PlaceOrder,
  { writer, readerFor }: PlaceMeans,
  patience: Patience,
): Promise<PlaceResult | Error> {
  return settled(
    (async () => {
      if (!(await readerFor(patience).isKnown(command.orderId)))
        return { refusal: aborted(command.field.slice(0, -1)) };
      return toPlaceResult(await writer.write({ ...command, draft: null }, patience), command);
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
