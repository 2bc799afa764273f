import type { Caller } from '../orders/interfaces/caller.js';

export interface Abandonment extends Disposable {
  /** Aborts when every caller has disconnected or is past its deadline. */
  readonly signal: AbortSignal;
}

/** Watches the callers of a batch that is running. */
export function watchCallers(callers: readonly Caller[]): Abandonment {
  const abandoned = new AbortController();
  const signals = callers.map(({ signal }) => signal);
  const check = () => {
    if (signals.every(({ aborted }) => aborted)) abandoned.abort();
  };
  for (const signal of new Set(signals)) signal.addEventListener('abort', check);
  const latest = Math.max(...callers.map(({ deadline }) => deadline));
  const timer = setTimeout(() => abandoned.abort(), Math.max(0, latest - performance.now()));
  check();
  return {
    signal: abandoned.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', check);
    },
  };
}
