import { RequestError, UNKNOWN_OUTCOME } from '../domain/errors.js';

/** The answer to a caller whose deadline passed before a transaction began. */
export function tooLate(): RequestError {
  return new RequestError(
    'SERVICE_UNAVAILABLE',
    'The write did not finish before the deadline of the request. Nothing was stored.',
  );
}

export function unavailable(cause: unknown): RequestError {
  const message = 'The database is unavailable. Nothing was stored. Retry later.';
  return new RequestError('SERVICE_UNAVAILABLE', message, { cause });
}

export function conflict(cause: unknown): RequestError {
  const message = 'Other requests were changing the same order. Nothing was stored. Retry.';
  return new RequestError('SERVICE_UNAVAILABLE', message, { cause });
}

/** Replaces any other failure of a command of which a COMMIT was not answered. */
export function unknownOutcome(cause: unknown): RequestError {
  const message =
    'The connection to the database was lost during the commit; whether it was stored is unknown. Retry with the same id or idempotencyKey to find out.';
  return new RequestError('SERVICE_UNAVAILABLE', message, { cause, details: UNKNOWN_OUTCOME });
}

/** A command that passed the checks and that the database rejects, or a defect. It is masked and logged with its cause. */
export function unexpected(cause: unknown): Error {
  return new Error('A command could not be stored.', { cause });
}
