import { createSecretKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { RequestError } from '../../src/domain/errors.js';
import { createOrders } from '../../src/orders/bulk-orders.js';
import type { OrderDependencies } from '../../src/orders/order-dependencies.js';
import { callerOf } from '../support/caller.js';

const request = {
  policy: 'PARTIAL',
  orders: [1, 2].map(() => ({ currency: 'USD', items: [{ name: 'Tea', quantity: 1, unitPrice: '1' }] })),
} as const;

/** Creates two orders. Their writes fail with these messages. */
async function createFailing(...messages: readonly string[]) {
  let next = 0;
  const dependencies: OrderDependencies = {
    writer: { write: () => Promise.reject(new RequestError('SERVICE_UNAVAILABLE', messages[next++] ?? '')) },
    readerFor: () => {
      throw new Error('nothing is read');
    },
    productLookup: null,
    fingerprintSecret: createSecretKey('secret', 'utf8'),
  };
  return createOrders(dependencies, request, callerOf());
}

test('rows that all fail for the same reason fail the request', async () => {
  await expect(createFailing('nothing was stored', 'nothing was stored')).rejects.toThrow('nothing was stored');
});

test('rows that fail for different reasons report their own failures', async () => {
  const result = await createFailing('nothing was stored', 'unknown');
  const rows = 'rows' in result ? result.rows : [];
  expect(rows.map((row) => (row instanceof Error ? row.message : row))).toEqual(['nothing was stored', 'unknown']);
});
