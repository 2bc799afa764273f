import { createHash } from 'node:crypto';
import type { FieldPath, InputProblem } from '../domain/errors.js';
import { ORDER_LIMITS } from '../domain/limits.js';
import type { Viewer } from '../domain/viewer.js';
import { formatUuid } from './order-id.js';

/** The problems of an idempotency key: blank or too long. Keys are compared byte by byte, never trimmed. */
export function checkIdempotencyKey(key: string, field: FieldPath): readonly InputProblem[] {
  if (key.trim() === '') return [{ code: 'INVALID', message: 'idempotencyKey must not be blank.', field }];
  const limit = ORDER_LIMITS.idempotencyKey;
  if (key.length <= limit) return [];
  const message = `idempotencyKey must have at most ${limit} characters; it has ${key.length}.`;
  return [{ code: 'LIMIT_EXCEEDED', message, field }];
}

/** The hash under which an event stores the key. The same key of two viewers has two hashes. */
export function hashKey(viewer: Viewer, key: string): Uint8Array {
  return hashOf([viewer.issuer, viewer.subject ?? '', key]);
}

/** The id of the order that is created under the key: a UUID v8 of its hash. */
export function orderIdOfKey(viewer: Viewer, key: string): string {
  return formatUuid(hashKey(viewer, key), 8);
}

/** Length before content, so that ("ab", "c") and ("a", "bc") hash differently. */
function hashOf(parts: readonly string[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = Buffer.from(part, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return hash.digest();
}
