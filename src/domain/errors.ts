import type { OrderStatus } from './lifecycle.js';
import type { Order } from './order.js';

/** The path to an argument of a mutation, outermost first: `['input', 'items', '0', 'quantity']`. */
export type FieldPath = readonly string[];

interface UserErrorRules {
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
}

/** The codes of `userErrors`, from which the GraphQL enum derives. */
export const USER_ERRORS = {
  REQUIRED: { retryable: false },
  INVALID: { retryable: false },
  NOT_FOUND: { retryable: false },
  DUPLICATE: { retryable: false },
  LIMIT_EXCEEDED: { retryable: false },
  INVALID_TRANSITION: { retryable: false },
  VERSION_CONFLICT: { retryable: false },
  IDEMPOTENCY_MISMATCH: { retryable: false },
  ORDER_DELETED: { retryable: false },
  TOTAL_MISMATCH: { retryable: false },
  PRICE_CHANGED: { retryable: false },
  NOT_EDITABLE: { retryable: false },
  BATCH_ABORTED: { retryable: false },
  CATALOGUE_UNAVAILABLE: { retryable: true },
  SERVICE_UNAVAILABLE: { retryable: true },
} as const satisfies Readonly<Record<string, UserErrorRules>>;

export type UserErrorCode = keyof typeof USER_ERRORS;

/** A rule that the input breaks, or another reason why the command cannot be executed. */
export interface InputProblem {
  readonly code: Exclude<UserErrorCode, Rejection['code']>;
  readonly message: string;
  readonly field: FieldPath;
}

/** An expected rejection of a command. Nothing was stored. */
export type Rejection =
  | { readonly code: 'INVALID_INPUT'; readonly problems: readonly InputProblem[] }
  | { readonly code: 'IDEMPOTENCY_MISMATCH'; readonly message: string; readonly field: FieldPath }
  | { readonly code: 'ORDER_DELETED'; readonly field: FieldPath }
  | {
      readonly code: 'INVALID_TRANSITION';
      readonly order: Order;
      readonly to: OrderStatus;
      /** The transitions that the viewer may make. */
      readonly allowed: readonly OrderStatus[];
      readonly field: FieldPath;
    }
  | {
      readonly code: 'VERSION_CONFLICT';
      readonly order: Order;
      readonly expectedVersion: number;
      readonly field: FieldPath;
    };

interface RequestErrorRules {
  /** The HTTP status of a request that fails as a whole. */
  readonly status: number;
}

/** The codes of failures of the request as a whole, which become top-level GraphQL errors. */
export const REQUEST_ERRORS = {
  UNAUTHENTICATED: { status: 401 },
  FORBIDDEN: { status: 403 },
  INTROSPECTION_DISABLED: { status: 403 },
  DOCUMENT_NOT_TRUSTED: { status: 403 },
  BAD_USER_INPUT: { status: 400 },
  INVALID_CURSOR: { status: 400 },
  CURSOR_EXPIRED: { status: 400 },
  COUNT_TIMEOUT: { status: 400 },
  THROTTLED: { status: 429 },
  SLOW_CONSUMER: { status: 503 },
  OVERLOADED: { status: 503 },
  SERVICE_UNAVAILABLE: { status: 503 },
  CANCELLED: { status: 499 },
} as const satisfies Readonly<Record<string, RequestErrorRules>>;

export type RequestErrorCode = keyof typeof REQUEST_ERRORS;

/** A failure whose message is sent to the client. All other errors are masked. */
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

  /** Additional fields for `extensions`, such as the cursor of the last event. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Details of a failure with an unknown outcome: a retry with the same id or key shows whether the write was stored. */
export const UNKNOWN_OUTCOME = { outcome: 'UNKNOWN' } as const;

/** Problems as a rejection. */
export function invalid(problems: readonly InputProblem[]): Rejection {
  return { code: 'INVALID_INPUT', problems };
}

export function notFound(inputPath: FieldPath): Rejection {
  return invalid([{ code: 'NOT_FOUND', message: 'No order with this id exists.', field: [...inputPath, 'id'] }]);
}

export function duplicateReference(field: FieldPath): InputProblem {
  const message = 'externalReference must be unique among the orders of the customer; another order has it.';
  return { code: 'DUPLICATE', message, field };
}
