import { setTimeout as sleep } from 'node:timers/promises';
import { RequestError } from '../domain/errors.js';
import type { FailureLog } from '../observability/failure-log.js';
import { classify } from '../database/database-errors.js';

/** Long enough for the pool to remove the connections that were lost together with the first one. */
export const RECONNECT_PAUSE_MS = 100;

/**
 * Runs a read. It is safe to repeat, so a lost connection costs one more try.
 *
 * @throws RequestError SERVICE_UNAVAILABLE where the database cannot be used; anything else as it was thrown
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
  try {
    return await read();
  } catch (cause) {
    if (classify(cause).kind !== 'connection') throw cause;
  }
  await sleep(RECONNECT_PAUSE_MS);
  return read();
}
