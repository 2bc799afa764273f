import { RequestError, UNKNOWN_OUTCOME } from '../domain/errors.js';

/** The answer to a caller whose deadline passed before a transaction began. */
export function tooLate(): RequestError {
  return new RequestError('SERVICE_UNAVAILABLE', 'The deadline passed before the write was done; nothing was stored.');
}

export function unavailable(cause: unknown): RequestError {
  const message = 'The database cannot be used now; nothing was stored. Try again later.';
  return new RequestError('SERVICE_UNAVAILABLE', message, { cause });
}

export function conflict(cause: unknown): RequestError {
  const message = 'The order was changed by other requests at the same time; nothing was stored. Try again.';
  return new RequestError('SERVICE_UNAVAILABLE', message, { cause });
}

/** Replaces any other failure of a command of which a COMMIT was not answered. */
export function unknownOutcome(cause: unknown): RequestError {
  const message =
    'The connection to the database was lost while storing; whether it was stored is unknown. Retry under the same id or idempotencyKey to learn it.';
  return new RequestError('SERVICE_UNAVAILABLE', message, { cause, details: UNKNOWN_OUTCOME });
}

/** A command that passed the checks and that the database rejects, or a defect. It is masked and logged with its cause. */
export function unexpected(cause: unknown): Error {
  return new Error('A command could not be stored.', { cause });
}
