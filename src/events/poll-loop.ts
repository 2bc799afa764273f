import type { Logger } from 'pino';
import { createFailureLog } from '../observability/failure-log.js';

export interface PollLoop {
  /** Requests a poll soon. Requests before it begins share one poll. */
  wake(): void;
  /** Stops polling, after the poll in progress. */
  close(): Promise<void>;
}

export interface PollLoopOptions {
  readonly name: string;
  /** Time between a wake-up and its poll, in which further wake-ups join. */
  readonly debounceMs: number;
  /** Longest time between polls. Correctness rests on it; waking only reduces latency. */
  readonly pollMs: number;
  /** Does the work. @returns whether another poll should follow soon */
  readonly poll: () => Promise<boolean>;
  readonly log: Logger;
}

/**
 * Polls at an interval and after each wake-up, one poll at a time. The pause between polls is at least as long as the
 * last poll took, so that under load polls grow instead of crowding the database.
 */
export function startPollLoop({ name, debounceMs, pollMs, poll, log }: PollLoopOptions): PollLoop {
  let closed = false;
  let dueAt = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  let woken = false;
  let lastTook = 0;
  const failures = createFailureLog(log);

  function schedule(delay: number): void {
    const at = performance.now() + delay;
    if (closed || at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(start, delay);
  }

  function start(): void {
    running = run().finally(() => {
      running = null;
      schedule(woken ? Math.max(debounceMs, lastTook) : pollMs);
    });
  }

  async function run(): Promise<void> {
    dueAt = Number.POSITIVE_INFINITY;
    woken = false;
    const began = performance.now();
    try {
      if (await poll()) woken = true;
      failures.worked(`${name}: polls succeed again`);
    } catch (cause) {
      failures.failed(cause, `${name}: poll failed; retrying`);
    }
    lastTook = performance.now() - began;
  }

  schedule(pollMs);
  return {
    wake() {
      woken = true;
      if (running === null) schedule(debounceMs);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
