import { createHmac, createSecretKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { validateOrderRequest } from '../../src/domain/order-draft.js';
import { OPEN_ADMIN } from '../../src/auth/open-viewer.js';
import type { Viewer } from '../../src/domain/viewer.js';
import { creationFingerprintParts, fingerprintOf } from '../../src/orders/fingerprint.js';
import { hashKey, orderIdOfKey } from '../../src/orders/idempotency-key.js';
import { isClientUuid, newUuid, parseUuid } from '../../src/orders/order-id.js';

const secret = Buffer.from('secret');

test('new ids are UUIDs of version 7 that sort by time', () => {
  const ids = [1_000, 2_000, 1_700_000_000_000, 1_800_000_000_000].map((time) => newUuid(time));
  expect(ids).toEqual(ids.toSorted());
  for (const id of ids) expect([parseUuid(id), isClientUuid(id), id[14]]).toEqual([id, true, '7']);
});

test('client ids must be UUIDs of version 4 or 7 and of the RFC variant', () => {
  expect(isClientUuid('123e4567-e89b-42d3-a456-426614174000')).toBe(true);
  expect(isClientUuid('123E4567-E89B-72D3-B456-426614174000')).toBe(true);
  expect(isClientUuid('123e4567-e89b-12d3-a456-426614174000')).toBe(false);
  expect(isClientUuid('123e4567-e89b-42d3-c456-426614174000')).toBe(false);
  expect(isClientUuid('00000000-0000-0000-0000-000000000000')).toBe(false);
});

test('an idempotency key determines one UUID of version 8 for each viewer', () => {
  const viewer = (issuer: string, subject: string | null): Viewer => ({ issuer, subject, roles: ['customer'] });
  const id = orderIdOfKey(OPEN_ADMIN, 'k');
  expect(orderIdOfKey(OPEN_ADMIN, 'k')).toBe(id);
  expect([id[14], '89ab'.includes(id[19] ?? '')]).toEqual(['8', true]);
  const others = [viewer('', 'k'), viewer('a', 'bc'), viewer('ab', 'c'), viewer('abc', null)].map((who) =>
    orderIdOfKey(who, 'k'),
  );
  expect(new Set([id, ...others]).size).toBe(5);
  expect(Buffer.from(hashKey(viewer('a', 'b'), 'c'))).not.toEqual(Buffer.from(hashKey(viewer('a', 'bc'), '')));
});

test('a fingerprint depends on the order and the secret, not on the notation of the input', () => {
  const print = (input: object, key = secret) => {
    const items = [{ name: 'Tea', quantity: 1, unitPrice: '1.5' }];
    const checked = validateOrderRequest({ currency: 'USD', items, ...input }, ['input'], false);
    if (!('request' in checked)) throw new Error('the input is invalid');
    return Buffer.from(fingerprintOf(createSecretKey(key), creationFingerprintParts(checked.request))).toString('hex');
  };
  const base = print({});
  expect(print({ items: [{ name: ' Tea ', quantity: 1, unitPrice: '1.50', sku: null }] })).toBe(base);
  const others = [
    print({ currency: 'EUR' }),
    print({ customerId: 'c' }),
    print({ customerName: 'c' }),
    print({ customerEmail: 'c@example.com' }),
    print({ notes: 'c' }),
    print({ items: [{ name: 'Tea', quantity: 2, unitPrice: '1.5' }] }),
    print({ items: [{ name: 'Tea', quantity: 1, unitPrice: '1.51' }] }),
    print({ items: [{ name: 'Tea', quantity: 1, unitPrice: '1.5', sku: 's' }] }),
    print({ items: [{ name: 'Tea', quantity: 1, unitPrice: '1.5', productId: 's' }] }),
    print({ externalReference: 'c' }),
    print({ shippingAddress: { line1: 'c' } }),
    print({ billingAddress: { line1: 'c' } }),
    print({ shipping: '1' }),
    print({ tax: '1' }),
    print({ discount: '1' }),
    print({ expectedTotal: '1.5' }),
    print({ metadata: { c: 1 } }),
    print({ items: [{ name: 'Tea', quantity: 1, unitPrice: '1.5', expectedUnitPrice: '1.5' }] }),
    print({}, Buffer.from('another secret')),
  ];
  expect(new Set([base, ...others]).size).toBe(20);
  expect(print({ metadata: { a: 1, b: { c: 2, d: 3 } } })).toBe(print({ metadata: { b: { d: 3, c: 2 }, a: 1 } }));
  expect(print({ shipping: '0.00', metadata: {} })).toBe(base);
});

test('fingerprints of older versions stay the same', () => {
  const items = [{ sku: 's', name: 'Tea', quantity: 2, unitPrice: '1.5' }];
  const checked = validateOrderRequest({ currency: 'USD', customerId: 'c', items }, ['input'], false);
  if (!('request' in checked)) throw new Error('the input is invalid');
  const text = '["create","c",null,null,"USD",null,[[null,"s","Tea",2,"150"]]]';
  const mac = createHmac('sha256', secret).update(text).digest();
  expect(Buffer.from(fingerprintOf(createSecretKey(secret), creationFingerprintParts(checked.request)))).toEqual(
    Buffer.concat([Uint8Array.of(1), mac]),
  );
});
