/** Converts a thrown value into an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('A value was thrown that is no Error.', { cause: thrown });
}
