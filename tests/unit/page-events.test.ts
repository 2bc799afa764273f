import { expect, test } from 'vitest';
import { maxKeysOfPage } from '../../src/store/statements/page-events.js';

const ALL = { orderId: null, customerId: null, kinds: null };
const [ORDER, CUSTOMER] = ['0198a6c0-5f0e-7a3b-9c1d-2e4f60718293', 'ann'];

test.each([
  ['all events', ALL, 19],
  ['the events of an order', { ...ALL, orderId: ORDER }, 19],
  ['the events of a customer', { ...ALL, customerId: CUSTOMER }, 19],
  ['a filter that matches nothing', { ...ALL, kinds: [] }, 19],
  ['a filter by kind', { ...ALL, kinds: ['DELETED' as const] }, 4],
  ['an order of a customer', { ...ALL, orderId: ORDER, customerId: CUSTOMER }, 4],
])('a statement has few pages of filters that scan: %s', (_name, filter, expected) => {
  expect(maxKeysOfPage({ filter, after: 0n, limit: 100 })).toBe(expected);
});
