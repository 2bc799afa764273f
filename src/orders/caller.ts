import type { Patience } from './ports.js';

/** Whether nobody waits for the answer any more: the caller has gone, or its deadline has passed. */
export function isOver({ signal, deadline }: Patience): boolean {
  return signal.aborted || performance.now() >= deadline;
}
