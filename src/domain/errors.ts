import type { OrderStatus } from './lifecycle.js';
import type { Order } from './order.js';

/** Where in a mutation's arguments a problem lies, outermost first: `['input', 'items', '0', 'quantity']`. */
export type FieldPath = readonly string[];

/** A rule that the input breaks, or a reason outside of it why it cannot be done. */
export interface InputProblem {
  readonly code:
    | 'REQUIRED'
    | 'INVALID'
    | 'DUPLICATE'
    | 'LIMIT_EXCEEDED'
    | 'NOT_FOUND'
    | 'TOTAL_MISMATCH'
    | 'PRICE_CHANGED'
    | 'NOT_EDITABLE'
    | 'BATCH_ABORTED'
    | 'CATALOGUE_UNAVAILABLE'
    | 'SERVICE_UNAVAILABLE';
  readonly message: string;
  readonly field: FieldPath;
}

/** An expected rejection: what a well-behaved client has to be ready for. Nothing was stored. */
export type Rejection =
  | { readonly code: 'INVALID_INPUT'; readonly problems: readonly InputProblem[] }
  | { readonly code: 'IDEMPOTENCY_MISMATCH'; readonly message: string; readonly field: FieldPath }
  | { readonly code: 'ORDER_DELETED'; readonly field: FieldPath }
  | { readonly code: 'INVALID_TRANSITION'; readonly order: Order; readonly to: OrderStatus; readonly field: FieldPath }
  | {
      readonly code: 'VERSION_CONFLICT';
      readonly order: Order;
      readonly expectedVersion: number;
      readonly field: FieldPath;
    };

/** Failures of the request as a whole; they become top-level GraphQL errors. */
export type RequestErrorCode =
  | 'BAD_USER_INPUT'
  | 'INVALID_CURSOR'
  | 'THROTTLED'
  | 'SLOW_CONSUMER'
  | 'OVERLOADED'
  | 'SERVICE_UNAVAILABLE'
  | 'CANCELLED';

/** A failure whose message is meant for the client. Everything else that is thrown is masked. */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    readonly code: RequestErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.details = options?.details ?? {};
  }

  /** Further machine-readable facts for the client, such as the cursor of the last event. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Details of a failure after which nobody knows whether the write was stored: only the same id or key tells. */
export const UNKNOWN_OUTCOME = { outcome: 'UNKNOWN' } as const;

/** Problems as a rejection. */
export function invalid(problems: readonly InputProblem[]): Rejection {
  return { code: 'INVALID_INPUT', problems };
}

export function notFound(inputPath: FieldPath): Rejection {
  return invalid([{ code: 'NOT_FOUND', message: 'No order with this id exists.', field: [...inputPath, 'id'] }]);
}
