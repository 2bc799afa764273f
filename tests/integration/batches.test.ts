import { beforeAll, expect, test } from 'vitest';
import { serverForTest, useDatabase, useServer } from '../support/fixture.js';
import { holdLocks, lockTable } from '../support/locks.js';
import { CREATE_ORDER, type CreateOrderResponse, TEA } from '../support/order-documents.js';
import { createdOrder, createOrder, transitionOrder } from '../support/order-requests.js';
import { lockOrders } from '../support/rows.js';

const database = useDatabase();
beforeAll(() => database.sql("ALTER TABLE orders ADD CONSTRAINT of_the_test CHECK (notes <> 'poison')"));
// One lane, so that concurrent requests share batches.
const servers = [
  useServer(database, { WRITE_LANES: '1' }),
  useServer(database, { WRITE_LANES: '1', DATABASE_LOCK_TIMEOUT_MS: '500' }),
] as const;

test('rejected commands do not affect the other commands of their batch', async () => {
  const [one, two] = await Promise.all([createdOrder(servers[0]), createdOrder(servers[0])]);
  const responses = await Promise.all([
    transitionOrder(servers[0], { id: one.id, status: 'CONFIRMED' }),
    transitionOrder(servers[0], { id: two.id, status: 'DELIVERED' }),
    createOrder(servers[0], { notes: 'good' }),
    transitionOrder(servers[0], { id: two.id, status: 'CONFIRMED', expectedVersion: 7 }),
    transitionOrder(servers[0], { id: two.id, status: 'SHIPPED' }),
  ]);
  expect(responses.map((response) => response.userErrors[0]?.code ?? 'done')).toEqual([
    'done',
    'INVALID_TRANSITION',
    'done',
    'VERSION_CONFLICT',
    'done',
  ]);
  const rows = await database.sql<{ status: string }>(
    'SELECT status FROM orders WHERE id = any($1) ORDER BY created_at, id',
    [[one.id, two.id]],
  );
  expect(rows.map((row) => row.status).sort()).toEqual(['CONFIRMED', 'SHIPPED']);
});

test('a row rejected by the database fails alone with a masked, logged error; the others are stored', async () => {
  const responses = await Promise.all(
    Array.from({ length: 40 }, async (_, index) =>
      servers[0].request<CreateOrderResponse | { createOrder: null }>(CREATE_ORDER, {
        input: { items: [TEA], notes: index === 23 ? 'poison' : `neighbour ${index}` },
      }),
    ),
  );
  const failed = responses.filter((response) => response.errors !== undefined);
  expect(failed).toHaveLength(1);
  expect(failed[0]?.errors).toMatchObject([
    { message: 'Something went wrong on the server.', extensions: { code: 'INTERNAL_SERVER_ERROR' } },
  ]);
  const correlationId = failed[0]?.errors?.[0]?.extensions['correlationId'];
  expect(servers[0].logged.find((line) => line['correlationId'] === correlationId)).toBeDefined();
  expect(JSON.stringify(failed)).not.toContain('of_the_test');
  expect(await database.sql("SELECT id FROM orders WHERE notes LIKE 'neighbour %'")).toHaveLength(39);
});

test('commands on a locked order wait outside the batch; other commands continue', async () => {
  const [locked, free] = await Promise.all([createdOrder(servers[1]), createdOrder(servers[1])]);
  const release = await holdLocks(database, (client) => lockOrders(client, [locked.id]));
  let waiting = true;
  const blocked = transitionOrder(servers[1], { id: locked.id, status: 'CONFIRMED' }).finally(() => (waiting = false));
  const more = Array.from({ length: 20 }, async () =>
    transitionOrder(servers[1], { id: locked.id, status: 'PROCESSING' }),
  );
  expect(await transitionOrder(servers[1], { id: free.id, status: 'CONFIRMED' })).toMatchObject({ changed: true });
  for (let round = 0; round < 10; round += 1) await createdOrder(servers[1]);
  expect(waiting).toBe(true);
  await release();
  // The order of concurrent requests is not guaranteed.
  const { changed, userErrors } = await blocked;
  expect(changed ? [] : ['INVALID_TRANSITION']).toEqual(userErrors.map((error) => error.code));
  expect((await Promise.all(more)).filter((response) => response.changed)).toHaveLength(1);
});

test('a command on a locked order fails at its deadline and changes nothing afterwards', async () => {
  const limited = await serverForTest(database, { REQUEST_DEADLINE_MS: '1500', DATABASE_LOCK_TIMEOUT_MS: '200' });
  const locked = await createdOrder(limited);
  const release = await holdLocks(database, (client) => lockOrders(client, [locked.id]));
  const query = 'mutation ($input: UpdateOrderStatusInput!) { updateOrderStatus(input: $input) { changed } }';
  const pending = Array.from({ length: 30 }, async () =>
    limited.request(query, { input: { id: locked.id, status: 'CONFIRMED' } }),
  );
  for (const response of await Promise.all(pending)) {
    expect(response).toMatchObject({ status: 503, errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
    expect(response.errors?.[0]?.message).toContain('Nothing was stored');
    expect(response.errors?.[0]?.extensions).not.toHaveProperty('outcome');
    expect(response.headers.get('retry-after')).toBe('1');
  }
  const busy = `SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'ordergraph' AND state <> 'idle'`;
  await expect.poll(() => database.sql(busy), { timeout: 10_000 }).toEqual([]); // the last attempt has ended
  await release();
  await createdOrder(limited);
  expect(await transitionOrder(limited, { id: locked.id, status: 'PROCESSING', expectedVersion: 1 })).toMatchObject({
    changed: true,
  });
});

test('a full queue rejects commands at once with OVERLOADED; accepted commands are stored', async () => {
  const bounds = { WRITE_QUEUE_MAX_COMMANDS: '5', WRITE_LANES: '1', DATABASE_LOCK_TIMEOUT_MS: '20000' };
  const limited = await serverForTest(database, bounds);
  const target = await createdOrder(limited);
  const release = await lockTable(database, 'orders', 'EXCLUSIVE');
  const waiting = transitionOrder(limited, { id: target.id, status: 'CONFIRMED' });
  await expect
    .poll(() =>
      database.sql("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"),
    )
    .not.toHaveLength(0);
  const more = Array.from({ length: 20 }, async () =>
    limited.request(CREATE_ORDER, { input: { items: [TEA], notes: 'crowd' } }),
  );
  const rejected = await Promise.all(more.slice(4));
  await release();
  const responses = [...(await Promise.all(more.slice(0, 4))), ...rejected];
  const codes = responses.map((response) => response.errors?.[0]?.extensions.code ?? 'done');
  expect(codes.filter((code) => code === 'done')).toHaveLength(4);
  expect(codes.filter((code) => code === 'OVERLOADED')).toHaveLength(16);
  expect(responses.find((response) => response.errors !== undefined)?.status).toBe(503);
  expect(await waiting).toMatchObject({ changed: true });
  expect(await database.sql("SELECT id FROM orders WHERE notes = 'crowd'")).toHaveLength(4);
});

test('a command on an unlocked order does not wait for locked orders', async () => {
  const others = await Promise.all(Array.from({ length: 30 }, () => createdOrder(servers[1])));
  const first = await createdOrder(servers[1]);
  const otherIds = others.map(({ id }) => id);
  const releaseOthers = await holdLocks(database, (client) => lockOrders(client, otherIds));
  const releaseFirst = await holdLocks(database, (client) => lockOrders(client, [first.id]));
  const waiting = [...others, first].map(async ({ id }) => transitionOrder(servers[1], { id, status: 'CONFIRMED' }));
  await createdOrder(servers[1]); // the server has received the changes before it
  await releaseFirst();
  expect(await waiting.at(-1)).toMatchObject({ changed: true }); // while the others are locked
  await releaseOthers();
  for (const response of await Promise.all(waiting)) expect(response).toMatchObject({ changed: true });
});
