import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { createdOrder, transitionOrder } from '../support/order-requests.js';

const database = useDatabase();
const servers = [useServer(database), useServer(database)] as const;

async function versionsOf(orderId: string): Promise<number[]> {
  const rows = await database.sql<{ version: number }>(
    'SELECT version FROM order_events WHERE order_id = $1 ORDER BY version',
    [orderId],
  );
  return rows.map((row) => row.version);
}

test('one of several concurrent changes with the same expected version succeeds; the others get VERSION_CONFLICT with the current order', async () => {
  const { id } = await createdOrder(servers[0]);
  const results = await Promise.all(
    Array.from({ length: 30 }, async (_, index) =>
      transitionOrder(servers[index % 2 === 0 ? 0 : 1], {
        id,
        status: index % 3 === 0 ? 'CONFIRMED' : 'PROCESSING',
        expectedVersion: 1,
      }),
    ),
  );
  const won = results.filter((result) => result.changed);
  expect(won).toHaveLength(1);
  const status = won[0]?.order?.status;
  for (const result of results.filter((each) => !each.changed)) {
    expect(result).toMatchObject({
      order: null,
      userErrors: [
        {
          __typename: 'VersionConflictError',
          code: 'VERSION_CONFLICT',
          field: ['input', 'expectedVersion'],
          retryable: false,
          currentVersion: 2,
          order: { id, version: 2, status },
        },
      ],
    });
  }
  expect(await versionsOf(id)).toEqual([1, 2]);
});

test('a rejected transition lists the allowed ones', async () => {
  const { id } = await createdOrder(servers[0]);
  const result = await transitionOrder(servers[0], { id, status: 'DELIVERED' });
  expect(result).toMatchObject({
    order: null,
    changed: false,
    userErrors: [
      {
        __typename: 'TransitionError',
        code: 'INVALID_TRANSITION',
        field: ['input', 'status'],
        from: 'PENDING',
        to: 'DELIVERED',
        allowed: ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'CANCELLED'],
      },
    ],
  });
  expect(await versionsOf(id)).toEqual([1]);
});

test('concurrent changes of one order on two servers leave a history without a gap', async () => {
  const { id } = await createdOrder(servers[0]);
  const statuses = ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'COMPLETED'];
  await Promise.all(
    Array.from({ length: 60 }, async (_, index) =>
      transitionOrder(servers[index % 2 === 0 ? 0 : 1], { id, status: statuses[index % statuses.length] }),
    ),
  );
  const versions = await versionsOf(id);
  expect(versions).toEqual(versions.map((_, index) => index + 1));
  const [order] = await database.sql<{ version: number }>('SELECT version FROM orders WHERE id = $1', [id]);
  expect(order?.version).toBe(versions.length);
  const chain = await database.sql<{ from_status: string; to_status: string }>(
    'SELECT from_status, to_status FROM order_events WHERE order_id = $1 ORDER BY version',
    [id],
  );
  for (const [index, event] of chain.entries()) expect(event.from_status).toBe(chain[index - 1]?.to_status ?? null);
});

test('a transition to the current status succeeds without an event', async () => {
  const { id } = await createdOrder(servers[0]);
  const result = await transitionOrder(servers[0], { id, status: 'PENDING' });
  expect(result).toMatchObject({ changed: false, userErrors: [], order: { id, version: 1 } });
  expect(await versionsOf(id)).toEqual([1]);
});

test('an idempotency key replays the first request, even after other transitions', async () => {
  const { id } = await createdOrder(servers[0]);
  const change = { id, status: 'CONFIRMED', idempotencyKey: 'confirm once' };
  const first = await transitionOrder(servers[0], change);
  await transitionOrder(servers[0], { id, status: 'PROCESSING' });
  const again = await transitionOrder(servers[1], change);
  expect(first).toMatchObject({ changed: true, order: { status: 'CONFIRMED', version: 2 } });
  expect(again).toMatchObject({ changed: true, userErrors: [], order: { status: 'PROCESSING', version: 3 } });
  expect(await versionsOf(id)).toEqual([1, 2, 3]);
});

test('concurrent requests with one key store one event', async () => {
  const { id } = await createdOrder(servers[0]);
  const results = await Promise.all(
    Array.from({ length: 20 }, async (_, index) =>
      transitionOrder(servers[index % 2 === 0 ? 0 : 1], {
        id,
        status: 'CONFIRMED',
        idempotencyKey: 'k',
        expectedVersion: 1,
      }),
    ),
  );
  expect(results.every((result) => result.changed && result.order?.version === 2)).toBe(true);
  expect(await versionsOf(id)).toEqual([1, 2]);
});

test('another request with a used key is rejected', async () => {
  const { id } = await createdOrder(servers[0]);
  await transitionOrder(servers[0], { id, status: 'CONFIRMED', idempotencyKey: 'used' });
  const other = await transitionOrder(servers[0], { id, status: 'CANCELLED', idempotencyKey: 'used' });
  expect(other).toMatchObject({
    order: null,
    userErrors: [{ __typename: 'IdempotencyError', code: 'IDEMPOTENCY_MISMATCH', field: ['input', 'idempotencyKey'] }],
  });
});

test('a missing order is reported as NOT_FOUND at the id', async () => {
  const result = await transitionOrder(servers[0], { id: randomUUID(), status: 'CONFIRMED' });
  expect(result).toMatchObject({
    order: null,
    userErrors: [{ __typename: 'InputError', code: 'NOT_FOUND', field: ['input', 'id'] }],
  });
});

test('completedAt and cancelledAt are set with the status', async () => {
  const cancelled = await createdOrder(servers[0]);
  const completed = await createdOrder(servers[0]);
  await transitionOrder(servers[0], { id: cancelled.id, status: 'CANCELLED', reason: 'changed my mind' });
  await transitionOrder(servers[0], { id: completed.id, status: 'PROCESSING' });
  await transitionOrder(servers[0], { id: completed.id, status: 'COMPLETED' });
  const query =
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Order { status updatedAt completedAt cancelledAt allowedTransitions } } }';
  const { nodes } = await servers[0].get<{ nodes: Record<string, unknown>[] }>(query, {
    ids: [cancelled.id, completed.id],
  });
  const [one, two] = nodes;
  expect(one).toMatchObject({
    status: 'CANCELLED',
    completedAt: null,
    cancelledAt: one?.['updatedAt'],
    allowedTransitions: [],
  });
  expect(two).toMatchObject({
    status: 'COMPLETED',
    cancelledAt: null,
    completedAt: two?.['updatedAt'],
    allowedTransitions: [],
  });
});
