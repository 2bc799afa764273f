import { createHmac, type KeyObject } from 'node:crypto';
import type { OrderRequest } from '../domain/order-draft.js';

const VERSION = Uint8Array.of(1);

/**
 * Fingerprint of a request: one byte of version, then an HMAC-SHA-256 under the server's own secret, so that erased data
 * cannot be guessed from the fingerprint that stays.
 *
 * @param parts everything that distinguishes the request from others
 */
export function fingerprintOf(secret: KeyObject, parts: readonly unknown[]): Uint8Array {
  const text = JSON.stringify(canonical(parts));
  const mac = createHmac('sha256', secret).update(text, 'utf8').digest();
  return Buffer.concat([VERSION, mac]);
}

/** Equal for equal values: objects with their keys sorted, bigints as text. */
function canonical(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(canonical);
  const sorted = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, part]) => [key, canonical(part)]));
}

/**
 * The fingerprint parts of a creation, before prices are looked up. Fields added to the API later are parts only if
 * they are set, so that the fingerprints of older requests stay the same.
 */
export function creationFingerprintParts({ details, lines, ...amounts }: OrderRequest): readonly unknown[] {
  const { customerId, customerName, customerEmail, currency, notes, ...laterDetails } = details;
  const { shipping, tax, discount, expectedTotal } = amounts;
  const expectedPrices = lines.map((line) => line.expectedUnitPrice);
  const later = { ...laterDetails, shipping, tax, discount, expectedTotal, expectedPrices };
  const given = Object.entries(later).filter(([, value]) => !isDefault(value));
  return [
    'create',
    customerId,
    customerName,
    customerEmail,
    currency,
    notes,
    lines.map((line) => [line.productId, line.sku, line.name, line.quantity, line.unitPrice]),
    ...(given.length === 0 ? [] : [Object.fromEntries(given)]),
  ];
}

function isDefault(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((part) => part === null);
  return value === null || value === 0n || (typeof value === 'object' && Object.keys(value).length === 0);
}
