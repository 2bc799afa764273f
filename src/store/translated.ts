import { RequestError } from '../domain/errors.js';
import { classify } from './failures.js';

/** Runs a read. It is safe to repeat, so a connection that had gone stale in the pool costs one more try. */
export async function translated<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (first) {
    if (classify(first).kind !== 'connection') throw unavailableOr(first);
  }
  try {
    return await read();
  } catch (second) {
    throw unavailableOr(second);
  }
}

function unavailableOr(cause: unknown): unknown {
  const { kind } = classify(cause);
  if (kind === 'data' || kind === 'unexpected') return cause;
  return new RequestError('SERVICE_UNAVAILABLE', 'The read failed: the database cannot be used now. Try again later.', {
    cause,
  });
}
