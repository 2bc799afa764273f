import { invalid, RequestError, type Rejection } from '../domain/errors.js';
import { Problems } from '../domain/input-problems.js';
import { ERASURE_LIMITS, ORDER_LIMITS } from '../domain/limits.js';
import { toError } from '../domain/to-error.js';
import { changeOrder, INPUT_PATH } from './change-order.js';
import type { Caller } from './interfaces/caller.js';
import type { OrderDependencies } from './order-dependencies.js';

export interface ErasureRequest {
  readonly customerId: string;
}

export interface ErasedCustomer {
  readonly erasedOrders: number;
  /** Whether a last read found no more orders of the customer. */
  readonly isComplete: boolean;
}

export type ErasureResult = ErasedCustomer | { readonly rejection: Rejection };

/** The part of the request's time that the erasure may take. The rest is for the response. */
const TIME_SHARE = 0.9;

/**
 * Erases the personal data of a customer, round by round until a round finds no more orders, a limit is reached or an order
 * stays locked. Every order is erased for itself, so an erasure that ends early is continued by the next one.
 *
 * @throws RequestError if nothing was erased; an unexpected error in any case
 */
export async function eraseCustomer(
  dependencies: OrderDependencies,
  { customerId }: ErasureRequest,
  caller: Caller,
): Promise<ErasureResult> {
  const problems = new Problems();
  problems.id(customerId, [...INPUT_PATH, 'customerId'], ORDER_LIMITS.customerId);
  if (problems.list.length > 0) return { rejection: invalid(problems.list) };

  const now = performance.now();
  const erasing = { ...caller, deadline: now + TIME_SHARE * (caller.deadline - now) };
  let erasedOrders = 0;
  try {
    while (erasedOrders < ERASURE_LIMITS.orders) {
      const ids = await dependencies
        .readerFor(erasing)
        .idsOfCustomer({ customerId, limit: Math.min(ERASURE_LIMITS.round, ERASURE_LIMITS.orders - erasedOrders) });
      if (ids.length === 0) return { erasedOrders, isComplete: true };
      const round = await eraseOrders(dependencies, ids, customerId, erasing);
      erasedOrders += round.erased;
      if (round.failure !== null) throw round.failure;
    }
  } catch (cause) {
    if (erasedOrders === 0 || !(cause instanceof RequestError)) throw cause;
  }
  return { erasedOrders, isComplete: false };
}

interface Round {
  readonly erased: number;
  /** The first failure, an unexpected one before others. */
  readonly failure: Error | null;
}

/** The failure of one order does not affect the others. */
async function eraseOrders(
  dependencies: OrderDependencies,
  ids: readonly string[],
  customerId: string,
  caller: Caller,
): Promise<Round> {
  const change = { kind: 'erase', customerId } as const;
  const results = await Promise.allSettled(
    ids.map(async (id) => {
      const checked = { inputPath: INPUT_PATH, change, problems: new Problems(), fingerprintParts: [] };
      const result = await changeOrder(dependencies, { id }, checked, caller);
      if ('rejection' in result) throw new Error(`the erasure of an order was rejected: ${result.rejection.code}`);
      return result.changed;
    }),
  );
  const erased = results.filter((result) => result.status === 'fulfilled' && result.value).length;
  const failures = results.flatMap((result) => (result.status === 'rejected' ? toError(result.reason) : []));
  const failure = failures.find((each) => !(each instanceof RequestError)) ?? failures[0] ?? null;
  return { erased, failure };
}
