import type { Logger } from 'pino';
import { createFailureLog } from '../observability/failure-log.js';

export interface PollLoop {
  /** Asks for a round soon. Any number of asks before it begins are one. */
  wake(): void;
  /** Ends the rounds, after the one under way. */
  close(): Promise<void>;
}

export interface PollLoopOptions {
  readonly name: string;
  /** How long an ask gathers others before its round begins. */
  readonly debounceMs: number;
  /** A round comes at least this often, asked for or not: correctness rests on it, waking only makes it quick. */
  readonly pollMs: number;
  /** Does the work. @returns whether another round should follow soon */
  readonly round: () => Promise<boolean>;
  readonly log: Logger;
}

/**
 * Runs rounds of work one at a time: soon after being woken, and from time to time anyway. Between rounds it rests at
 * least as long as the last one took, so that under load the rounds grow instead of crowding the database.
 */
export function startPollLoop({ name, debounceMs, pollMs, round, log }: PollLoopOptions): PollLoop {
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
      if (await round()) woken = true;
      failures.worked(`${name}: works again`);
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
