import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Queryable } from '../../src/database/database.js';
import type { Viewer } from '../../src/domain/viewer.js';
import { createOrders } from '../../src/orders/bulk-orders.js';
import { createOrder } from '../../src/orders/create-order.js';
import { findByNumber } from '../../src/orders/find-order.js';
import type { OrderReader } from '../../src/orders/interfaces/order-reader.js';
import type { OrderDependencies } from '../../src/orders/order-dependencies.js';
import { changeBatch } from '../../src/store/change-batch.js';
import { createBatch } from '../../src/store/create-batch.js';
import { callerOf } from '../support/caller.js';
import { createCommand, transitionCommand } from '../support/commands.js';
import { useDatabase, useStore } from '../support/fixture.js';

/* Statements do not show a customer whether an order of another one exists. */

const store = useStore(useDatabase());

const viewer: Viewer = { issuer: 'i', subject: 'ann', roles: ['customer'] };

/** The statements of a rejected change, in their sequence. */
async function statementsOf(change: Parameters<typeof transitionCommand>[2], orderId: string): Promise<string[]> {
  const statements: string[] = [];
  const recorded = {
    $queryRawUnsafe: async (sql: string, ...values: unknown[]) => {
      statements.push(sql);
      return store.prisma.$queryRawUnsafe(sql, ...values);
    },
    $executeRawUnsafe: async (sql: string, ...values: unknown[]) => {
      statements.push(sql);
      return store.prisma.$executeRawUnsafe(sql, ...values);
    },
  } as unknown as Queryable;
  const command = transitionCommand(orderId, 'CANCELLED', { ...change, viewer });
  const [outcome] = await changeBatch(recorded, [command], false);
  expect(outcome).toMatchObject({ kind: 'rejected', rejection: { problems: [{ code: 'NOT_FOUND' }] } });
  return statements;
}

test.each([
  ['a change', {}],
  ['a change with an idempotency key', { key: { hash: Buffer.alloc(32), fingerprint: Buffer.from('f') } }],
])('%s of a foreign order runs the same statements as of a missing order', async (_what, change) => {
  const foreign = createCommand('foreign');
  await createBatch(store.prisma, [foreign]);
  const statements = await statementsOf(change, foreign.orderId);
  expect(statements.length).toBeGreaterThan(1);
  expect(statements).toEqual(await statementsOf(change, randomUUID()));
});

test('a lookup by number takes the same reads for a foreign order as for a missing one', async () => {
  const readsOf = async (id: string | null) => {
    const reads: string[] = [];
    const reader = {
      idOfNumber: async () => (reads.push('idOfNumber'), id),
      order: async () => (reads.push('order'), id === null ? null : { id, customerId: 'bob' }),
    } as unknown as OrderReader;
    expect(await findByNumber(reader, '1000001', callerOf({ viewer }))).toBeNull();
    return reads;
  };
  expect(await readsOf(randomUUID())).toEqual(['idOfNumber', 'order']);
  expect(await readsOf(null)).toEqual(['idOfNumber', 'order']);
});

test('an order for another customer is rejected before any other work', async () => {
  const dependencies = new Proxy({} as OrderDependencies, {
    get: () => {
      throw new Error('a dependency was used');
    },
  });
  const own = { currency: 'USD', items: [{ name: 'Tea', quantity: 1, unitPrice: '1' }] };
  const foreign = { ...own, customerId: 'bob' };
  const caller = callerOf({ viewer });
  await expect(createOrder(dependencies, foreign, caller)).rejects.toMatchObject({
    code: 'FORBIDDEN',
    details: { field: 'input.customerId' },
  });
  for (const policy of ['PARTIAL', 'ALL_OR_NOTHING'] as const) {
    const orders = [own, own, own, foreign];
    await expect(createOrders(dependencies, { policy, orders }, caller)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      details: { field: 'input.orders.3.customerId' },
    });
  }
});
