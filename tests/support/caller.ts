import { OPEN_ADMIN } from '../../src/auth/open-viewer.js';
import type { Caller } from '../../src/orders/interfaces/caller.js';

/** A caller of the open server with a deadline in five seconds. */
export function callerOf(more: Partial<Caller> = {}): Caller {
  const { signal } = new AbortController();
  return { viewer: OPEN_ADMIN, deadline: performance.now() + 5_000, signal, traceparent: null, ...more };
}
