import type { FieldPath } from './errors.js';
import { ORDER_LIMITS } from './limits.js';
import type { Address, Tracking } from './order.js';
import type { Problems } from './input-problems.js';

type Optional<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

export type AddressInput = Optional<Omit<Address, 'line1'>> & { readonly line1: string };
export type TrackingInput = Optional<Tracking>;

/** Checks and trims an address; null stays null. */
export function readAddress(
  input: AddressInput | null | undefined,
  field: FieldPath,
  problems: Problems,
): Address | null {
  if (input === null || input === undefined) return null;
  const line = (name: keyof Address) => problems.text(input[name], [...field, name], ORDER_LIMITS.addressLine);
  return {
    name: line('name'),
    line1: line('line1') ?? '',
    line2: line('line2'),
    city: line('city'),
    region: line('region'),
    postalCode: problems.text(input.postalCode, [...field, 'postalCode'], ORDER_LIMITS.postalCode),
    country: line('country'),
  };
}

/** Checks and trims tracking; null stays null. */
export function readTracking(
  input: TrackingInput | null | undefined,
  field: FieldPath,
  problems: Problems,
): Tracking | null {
  if (input === null || input === undefined) return null;
  const tracking = {
    carrier: problems.text(input.carrier, [...field, 'carrier'], ORDER_LIMITS.carrier),
    number: problems.text(input.number, [...field, 'number'], ORDER_LIMITS.trackingNumber),
    url: problems.text(input.url, [...field, 'url'], ORDER_LIMITS.trackingUrl),
  };
  if (tracking.carrier === null && tracking.number === null && tracking.url === null) {
    problems.add('REQUIRED', field, 'tracking must have a carrier, a number or a url.');
  }
  if (tracking.url !== null && tracking.url !== '' && !/^https?:\/\/\S+$/i.test(tracking.url)) {
    problems.add(
      'INVALID',
      [...field, 'url'],
      'url must begin with http:// or https:// and must not contain whitespace.',
    );
  }
  return tracking;
}
