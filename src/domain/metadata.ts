import type { FieldPath } from './errors.js';
import { ORDER_LIMITS } from './limits.js';
import type { Metadata } from './order.js';
import type { Problems } from './problems.js';

/** Checks a client's own facts about an order; none are an empty object. */
export function readMetadata(value: Metadata | null | undefined, field: FieldPath, problems: Problems): Metadata {
  if (value === null || value === undefined) return {};
  if (!isWithin(value, ORDER_LIMITS.metadataDepth)) {
    problems.add('LIMIT_EXCEEDED', field, `metadata must be nested at most ${ORDER_LIMITS.metadataDepth} levels deep.`);
    return {};
  }
  const { length } = JSON.stringify(value);
  if (length > ORDER_LIMITS.metadata) {
    const message = `metadata must have at most ${ORDER_LIMITS.metadata} characters as JSON; it has ${length}.`;
    problems.add('LIMIT_EXCEEDED', field, message);
  }
  return value;
}

function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((part) => isWithin(part, levels - 1));
}
