import { setTimeout as sleep } from 'node:timers/promises';
import { RequestError } from '../domain/errors.js';
import type { FailureLog } from '../observability/failure-log.js';
import { classify } from '../database/database-errors.js';

/** Long enough for the pool to remove the connections that were lost together with the first one. */
export const RECONNECT_PAUSE_MS = 100;

/** Reads meet locks only of migrations. The lock timeout is short for the sake of writes, so a read waits several times. */
const LOCK_RETRIES = 10;

/**
 * Runs a read, and retries it once after a lost connection, and while a migration has locked a table for a moment.
 *
 * @throws RequestError SERVICE_UNAVAILABLE if the database is unavailable; other errors are rethrown
 */
export async function retryRead<T>(read: () => Promise<T>, failures: FailureLog): Promise<T> {
  try {
    const value = await retried(read);
    failures.worked('database reads succeed again');
    return value;
  } catch (cause) {
    const { kind } = classify(cause);
    if (kind === 'data' || kind === 'unexpected') throw cause;
    failures.failed(cause, 'database read failed');
    const message = 'The read failed: the database is unavailable. Retry later.';
    throw new RequestError('SERVICE_UNAVAILABLE', message, { cause });
  }
}

async function retried<T>(read: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await read();
    } catch (cause) {
      const { kind } = classify(cause);
      if (kind === 'connection' && retries === 0) await sleep(RECONNECT_PAUSE_MS);
      else if (kind !== 'lock' || retries >= LOCK_RETRIES) throw cause;
    }
  }
}
