import { randomUUID } from 'node:crypto';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Parses a UUID of any version into lower case; null if the text is not a UUID. */
export function parseUuid(text: string): string | null {
  return UUID.test(text) ? text.toLowerCase() : null;
}

/** Whether a client may choose this id: a UUID v4 or v7 of the RFC 9562 variant. */
export function isClientUuid(uuid: string): boolean {
  const [, version = '', variant = ''] = UUID.exec(uuid) ?? [];
  return (version === '4' || version === '7') && '89ab'.includes(variant.toLowerCase());
}

/** A UUID of the first 16 bytes. */
export function formatUuid(bytes: Uint8Array, version: number): string {
  const own = Uint8Array.from(bytes.subarray(0, 16));
  own[6] = ((own[6] ?? 0) & 0x0f) | (version << 4);
  own[8] = ((own[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(own).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A new UUID v7: 48 bits of Unix milliseconds, then randomness, so that ids of one time are neighbours in the index. */
export function newUuid(now: number = Date.now()): string {
  const time = now.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`; // Node draws random bytes for many v4 at once
}

const NUMBER = /^[1-9]\d{0,17}$/;

/** Whether the text is an order number, or the beginning of one. */
export function isOrderNumber(text: string): boolean {
  return NUMBER.test(text);
}
