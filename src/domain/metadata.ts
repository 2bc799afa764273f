import type { FieldPath } from './errors.js';
import { ORDER_LIMITS } from './limits.js';
import type { Metadata } from './order.js';
import type { Problems } from './input-problems.js';

/** Validates the metadata of an order. Null becomes an empty object. */
export function readMetadata(value: Metadata | null | undefined, field: FieldPath, problems: Problems): Metadata {
  if (value === null || value === undefined) return {};
  if (!isWithin(value, ORDER_LIMITS.metadataDepth)) {
    problems.add('LIMIT_EXCEEDED', field, `metadata must be nested at most ${ORDER_LIMITS.metadataDepth} levels deep.`);
    return {};
  }
  const digits = digitsBeyond(value);
  if (digits === null) {
    problems.add('INVALID', field, 'metadata must contain only finite numbers.');
    return {};
  }
  const length = JSON.stringify(value).length + digits;
  if (length > ORDER_LIMITS.metadata) {
    const message = `metadata must have at most ${ORDER_LIMITS.metadata} characters as JSON, with numbers written without exponents; it has ${length}.`;
    problems.add('LIMIT_EXCEEDED', field, message);
  }
  return value;
}

function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((part) => isWithin(part, levels - 1));
}

/** The number of zeros that PostgreSQL adds to numbers such as 1e300 in JSON text; null if a number is not finite. */
function digitsBeyond(value: unknown): number | null {
  if (typeof value === 'number') {
    const [, exponent = '0'] = String(value).split('e');
    return Number.isFinite(value) ? Math.abs(Number(exponent)) : null;
  }
  if (typeof value !== 'object' || value === null) return 0;
  let sum = 0;
  for (const part of Object.values(value)) {
    const digits = digitsBeyond(part);
    if (digits === null) return null;
    sum += digits;
  }
  return sum;
}
