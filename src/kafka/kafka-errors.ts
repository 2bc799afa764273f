import { findErrorBy, GenericError } from '@platformatic/kafka';

/** Whether a broker rejected a batch of records because of its size. */
export function isTooLarge(error: unknown): boolean {
  return hasApiId(error, 'MESSAGE_TOO_LARGE') || hasApiId(error, 'RECORD_LIST_TOO_LARGE');
}

export function isTopicExists(error: unknown): boolean {
  return hasApiId(error, 'TOPIC_ALREADY_EXISTS');
}

function hasApiId(error: unknown, id: string): boolean {
  return error instanceof Error && findErrorBy(error, 'apiId', id) !== null;
}

/** The reason of a failure: the client nests one error for each attempt and each broker. */
export function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no acknowledgement in time';
  if (error instanceof AggregateError && error.errors.length > 0) return failureOf(error.errors.at(-1));
  const isOfClient = GenericError.isGenericError(error);
  return isOfClient && error.cause !== undefined ? failureOf(error.cause) : error.message;
}
