/** Bounds of one caller's wait: leave the queue when the caller has gone or the deadline has passed. */
export interface Caller {
  /** When the answer is no longer wanted, as `performance.now()` counts. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** Whether nobody waits for the answer any more: the caller has gone, or its deadline has passed. */
export function isOver({ signal, deadline }: Caller): boolean {
  return signal.aborted || performance.now() >= deadline;
}
