import type { Logger } from 'pino';

/** Logs a repeated failure when it starts, once a minute while it lasts, and when it ends. */
export interface FailureLog {
  failed(cause: unknown, message: string): void;
  /** Reports a success. The failure ends when no attempt has failed for a while, since some attempts may succeed meanwhile. */
  worked(message: string): void;
}

const REPEAT_MS = 60_000;
const SETTLED_MS = 5_000;

export function createFailureLog(log: Logger): FailureLog {
  let failures = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;
  let settling: NodeJS.Timeout | undefined;

  return {
    failed(cause, message) {
      clearTimeout(settling);
      settling = undefined;
      failures += 1;
      const now = performance.now();
      if (now - loggedAt < REPEAT_MS) return;
      loggedAt = now;
      log.warn({ err: cause, failures }, message);
    },
    worked(message) {
      if (failures === 0) return;
      settling ??= setTimeout(() => {
        log.info({ failures }, message);
        failures = 0;
        loggedAt = Number.NEGATIVE_INFINITY;
        settling = undefined;
      }, SETTLED_MS).unref();
    },
  };
}
