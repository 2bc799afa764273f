import type { Viewer } from '../../domain/viewer.js';

/** A request's identity, deadline and abort signal. */
export interface Caller {
  readonly viewer: Viewer;
  /** In milliseconds, as `performance.now()` counts. */
  readonly deadline: number;
  /** Aborts when the client disconnects. */
  readonly signal: AbortSignal;
  /** Trace context of the request, as a `traceparent` of version 00; null without one. */
  readonly traceparent: string | null;
}

/** Whether the client has disconnected or the deadline has passed. */
export function isAbandoned({ signal, deadline }: Caller): boolean {
  return signal.aborted || performance.now() >= deadline;
}
