import { ORDER_LIMITS } from '../domain/limits.js';
import type { FieldPath, InputProblem } from '../domain/errors.js';

/** The rules of an idempotency key: not blank, not too long. It is compared byte by byte, never trimmed. */
export function checkKey(key: string, field: FieldPath): readonly InputProblem[] {
  if (key.trim() === '') return [{ code: 'INVALID', message: 'idempotencyKey must not be blank.', field }];
  const limit = ORDER_LIMITS.idempotencyKey;
  if (key.length <= limit) return [];
  const message = `idempotencyKey must have at most ${limit} characters; it has ${key.length}.`;
  return [{ code: 'LIMIT_EXCEEDED', message, field }];
}
