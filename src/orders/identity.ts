import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { OrderRequest } from '../domain/order-draft.js';
import type { Viewer } from '../domain/viewer.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Reads a UUID of any version, in lower case; null where the text is none. */
export function parseUuid(text: string): string | null {
  return UUID.test(text) ? text.toLowerCase() : null;
}

/** Whether a client may choose this id: a UUID v4 or v7 of the RFC 9562 variant. */
export function isClientUuid(uuid: string): boolean {
  const [, version = '', variant = ''] = UUID.exec(uuid) ?? [];
  return (version === '4' || version === '7') && '89ab'.includes(variant.toLowerCase());
}

const NUMBER = /^[1-9]\d{0,17}$/;

/** Whether an order could have this number, or one that begins like this. */
export function isOrderNumber(text: string): boolean {
  return NUMBER.test(text);
}

function formatUuid(bytes: Uint8Array, version: number): string {
  const own = Uint8Array.from(bytes.subarray(0, 16));
  own[6] = ((own[6] ?? 0) & 0x0f) | (version << 4);
  own[8] = ((own[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(own).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A new UUID v7: 48 bits of Unix milliseconds, then randomness, so that ids of one time lie together in the index. */
export function newUuid(now: number = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  return formatUuid(bytes, 7);
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

/** The id of the order that an idempotency key stands for: a UUID v8 of who asks and the key. */
export function orderIdOfKey(viewer: Viewer, key: string): string {
  return formatUuid(hashOf([viewer.issuer, viewer.subject ?? '', key]), 8);
}

/** An idempotency key as an event stores it: nobody's key can be read from it, nobody else's can meet it. */
export function hashKey(viewer: Viewer, key: string): Uint8Array {
  return hashOf([viewer.issuer, viewer.subject ?? '', key]);
}

const FINGERPRINT_VERSION = 1;

/** The same for the same value: objects with their keys sorted, bigints as text. */
function canonical(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

/**
 * Fingerprint of a request: one byte of version, then an HMAC-SHA-256 under the server's own secret, so that what was
 * erased cannot be guessed from what stays.
 */
export function fingerprint(secret: Uint8Array, request: unknown): Uint8Array {
  const text = JSON.stringify(request, (_key, value: unknown) => canonical(value));
  const mac = createHmac('sha256', secret).update(text, 'utf8').digest();
  return Buffer.concat([Uint8Array.of(FINGERPRINT_VERSION), mac]);
}

/**
 * Everything of a request that makes it this order and no other, in an order of its own, and before any catalogue is
 * asked. What came to the API later is said only where it is given: the fingerprints of other requests stay as they were.
 */
export function fingerprintOfRequest(secret: Uint8Array, request: OrderRequest): Uint8Array {
  const lines = request.lines.map((line) => [line.productId, line.sku, line.name, line.quantity, line.unitPrice]);
  const { customerId, customerName, customerEmail, currency, notes, ...details } = request.details;
  const { shipping, tax, discount, expectedTotal } = request;
  const expectedPrices = request.lines.map((line) => line.expectedUnitPrice);
  const more = { ...details, shipping, tax, discount, expectedTotal, expectedPrices };
  const given = Object.entries(more).filter(([, value]) => !isDefault(value));
  const parts = ['create', customerId, customerName, customerEmail, currency, notes, lines];
  return fingerprint(secret, given.length === 0 ? parts : [...parts, Object.fromEntries(given)]);
}

function isDefault(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((part) => part === null);
  return value === null || value === 0n || (typeof value === 'object' && Object.keys(value).length === 0);
}
