import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';

/** Logs an unexpected failure. @returns the correlation id of its log line */
export type ReportFailure = (failure: unknown) => string;

/** Creates a report that logs a failure once, however many parts of an answer it affects. */
export function createFailureReport(log: Logger): ReportFailure {
  const reported = new WeakMap<object, string>();
  return (failure) => {
    const isObject = typeof failure === 'object' && failure !== null;
    const known = isObject ? reported.get(failure) : undefined;
    if (known !== undefined) return known;
    const correlationId = randomUUID();
    if (isObject) reported.set(failure, correlationId);
    log.error({ err: failure, correlationId }, 'request failed unexpectedly');
    return correlationId;
  };
}
