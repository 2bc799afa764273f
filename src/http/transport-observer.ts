import type { Span } from '../observability/span.js';
import type { Viewer } from '../domain/viewer.js';

/** An operation that passed validation. */
interface ObservedOperation {
  /** As the client named it. */
  readonly name: string | null;
  readonly kind: string;
}

/** A GraphQL request over HTTP that was answered, or whose client has disconnected. */
export interface EndedRequest {
  /** The `x-request-id` of the response. */
  readonly id: string;
  /** Null if it was rejected before its authentication. */
  readonly viewer: Viewer | null;
  /** Null if it was rejected before its operation was known. */
  readonly operation: ObservedOperation | null;
  /** The requested cost; null if it was rejected before its cost was known. */
  readonly cost: number | null;
  readonly durationMs: number;
  /** The HTTP status; null if the client has disconnected. */
  readonly status: number | null;
  readonly codes: readonly string[];
  /** The correlation ids of its unexpected failures. */
  readonly correlationIds: readonly string[];
  /** Null if the request is not traced. */
  readonly span: Pick<Span, 'traceId' | 'spanId'> | null;
}

/** A subscription that ended or was rejected. */
export interface EndedSubscription {
  readonly viewer: Viewer | null;
  readonly operation: ObservedOperation | null;
  readonly cost: number | null;
  readonly durationMs: number;
  /** Number of events that were sent. */
  readonly events: number;
  /** `failed`: an error ended it. `completed`: the server ended it, because it stops. */
  readonly reason: 'unsubscribed' | 'disconnected' | 'completed' | 'rejected' | 'failed';
  readonly codes: readonly string[];
}

/** Logs and measures the requests and subscriptions of clients. */
export interface TransportObserver {
  requestEnded(request: EndedRequest): void;
  subscriptionStarted(): void;
  eventSent(codes: readonly string[]): void;
  subscriptionEnded(subscription: EndedSubscription): void;
}

interface FormattedError {
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** The codes of formatted errors. */
export function codesOf(errors: readonly FormattedError[] | undefined): readonly string[] {
  return distinct(errors, 'code');
}

/** The correlation ids of formatted errors that were unexpected. */
export function correlationIdsOf(errors: readonly FormattedError[] | undefined): readonly string[] {
  return distinct(errors, 'correlationId');
}

const NONE: readonly string[] = [];

function distinct(errors: readonly FormattedError[] | undefined, name: string): readonly string[] {
  if (errors === undefined || errors.length === 0) return NONE;
  const values = new Set<string>();
  for (const { extensions } of errors) {
    const value = extensions?.[name];
    if (typeof value === 'string') values.add(value);
  }
  return [...values];
}
