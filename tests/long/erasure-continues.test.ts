import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { ERASURE_LIMITS } from '../../src/domain/limits.js';
import { WAIT_FOR_SEQUENCER } from '../../src/store/statements/erase-events.js';
import { serverForTest, useDatabase, useProxy, useServer } from '../support/fixture.js';
import { databaseText } from '../support/database-text.js';
import { holdLocks } from '../support/locks.js';
import {
  createdWholeOrder,
  createWholeOrder,
  deleteOrder,
  eraseCustomer,
  readOrder,
  transitionWholeOrder,
  updateOrder,
} from '../support/order-requests.js';
import { insertEvents, insertOrders, lockOrders, randomIds } from '../support/rows.js';

/*
 * An erasure of many orders, beside other writers and with failures: it reports what it has erased, and a repeated request
 * erases the rest.
 */

const database = useDatabase();
const server = useServer(database);
const shortDeadline = useServer(database, { REQUEST_DEADLINE_MS: '1500' });
const proxy = useProxy(database);
// Without background transactions, because the tests cut the COMMITs of writes. Its locks are waited for in one attempt.
const proxied = useServer(proxy, {
  EVENTS_DEBOUNCE_MS: '1000',
  EVENTS_POLL_MS: '60000',
  DATABASE_LOCK_TIMEOUT_MS: '5000',
});

const done = (erasedOrders: number) => ({ erasedOrders, isComplete: true, userErrors: [] });

async function ordersOf(customerId: string, count: number): Promise<string[]> {
  const ids = randomIds(count);
  await insertOrders(
    database,
    ids.map((id) => ({ id, customerId, email: `${customerId}@example.com` })),
  );
  await insertEvents(
    database,
    ids.map((orderId) => ({ orderId, version: 1, type: 'CREATED', to: 'PENDING', payload: PAYLOAD })),
  );
  return ids;
}

const PAYLOAD = { currency: 'USD', status: 'PENDING', totalMinor: '0' };

async function expectErased(customerId: string): Promise<void> {
  expect(await databaseText(database)).not.toContain(customerId);
  await expectDenseHistories();
}

async function expectDenseHistories(): Promise<void> {
  const gaps = `SELECT o.id FROM orders o WHERE o.version <> (SELECT count(*) FROM order_events e WHERE e.order_id = o.id)`;
  expect(await database.sql(gaps)).toEqual([]);
}

test('more orders than the limit of a request take several requests', async () => {
  const customerId = randomUUID();
  const count = ERASURE_LIMITS.orders + 150;
  await ordersOf(customerId, count);
  const first = await eraseCustomer(server, customerId);
  expect(first).toEqual({ erasedOrders: ERASURE_LIMITS.orders, isComplete: false, userErrors: [] });
  expect(await eraseCustomer(server, customerId)).toEqual(done(150));
  expect(await eraseCustomer(server, customerId)).toEqual(done(0));
  await expectErased(customerId);
}, 60_000);

test('a locked order is waited for; while it stays locked the erasure is not complete', async () => {
  const customerId = randomUUID();
  const ids = await ordersOf(customerId, 5);
  const [locked = ''] = ids;
  const release = await holdLocks(database, (client) => lockOrders(client, [locked]));
  expect(await eraseCustomer(shortDeadline, customerId)).toEqual({
    erasedOrders: 4,
    isComplete: false,
    userErrors: [],
  });
  const alone = await shortDeadline.request(
    'mutation ($input: EraseCustomerInput!) { eraseCustomer(input: $input) { erasedOrders } }',
    {
      input: { customerId },
    },
  );
  expect(alone.errors).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
  const waiting = eraseCustomer(server, customerId);
  await release();
  expect(await waiting).toEqual(done(1));
  await expectErased(customerId);
});

test('an erasure beside creations, changes and deletions of the customer loses and skips nothing', async () => {
  const customerId = randomUUID();
  const ids = await ordersOf(customerId, 60);
  const writers = { stopped: false };
  const committed: string[] = [];
  const create = async () => {
    while (!writers.stopped) {
      const input = { customerId, customerName: customerId, externalReference: randomUUID() };
      committed.push((await createdWholeOrder(server, input)).id);
    }
  };
  const change = async (offset: number) => {
    for (const [index, id] of ids.entries()) {
      if (index % 3 !== offset) continue;
      const reason = `${customerId} reason`;
      if (offset === 0) await transitionWholeOrder(server, { id, status: 'CONFIRMED', reason });
      else if (offset === 1) await updateOrder(server, { id, expectedVersion: 1, notes: customerId, reason });
      else await deleteOrder(server, { id, reason });
    }
  };
  const writing = [create(), create(), Promise.all([0, 1, 2].map(change))];
  for (let round = 0; round < 5; round += 1) {
    const before = [...committed];
    const { isComplete } = await eraseCustomer(server, customerId);
    expect(isComplete).toBe(true);
    const owned = await database.sql('SELECT id FROM orders WHERE customer_id = $1 AND id = any($2)', [
      customerId,
      before,
    ]);
    expect(owned).toEqual([]);
  }
  writers.stopped = true;
  await Promise.all(writing);
  await eraseCustomer(server, customerId);
  // Notes and reasons that were given after an order was erased are not data of its customer any more.
  const named =
    'SELECT 1 FROM orders WHERE customer_id = $1 UNION ALL SELECT 1 FROM order_events WHERE customer_id = $1';
  expect(await database.sql(named, [customerId])).toEqual([]);
  expect(await database.sql('SELECT 1 FROM order_references WHERE customer_id = $1', [customerId])).toEqual([]);
  await expectDenseHistories();
}, 60_000);

test('concurrent erasures of one customer erase each order once', async () => {
  const customerId = randomUUID();
  const ids = await ordersOf(customerId, 150);
  const results = await Promise.all(Array.from({ length: 4 }, () => eraseCustomer(server, customerId)));
  expect(results.every(({ isComplete }) => isComplete)).toBe(true);
  expect(results.reduce((sum, { erasedOrders }) => sum + erasedOrders, 0)).toBe(150);
  const versions = await database.sql('SELECT DISTINCT version FROM orders WHERE id = any($1)', [ids]);
  expect(versions).toEqual([{ version: 2 }]);
  await expectErased(customerId);
});

test.each(['cut-before', 'cut-after'] as const)('a connection %s the COMMIT erases each order once', async (action) => {
  const customerId = randomUUID();
  const ids = await ordersOf(customerId, 150);
  proxy.atCommit(action, action);
  expect(await eraseCustomer(proxied, customerId)).toEqual(done(150));
  const versions = await database.sql('SELECT DISTINCT version FROM orders WHERE id = any($1)', [ids]);
  expect(versions).toEqual([{ version: 2 }]);
  await expectErased(customerId);
});

test('the failure of one order does not affect the others, and the request can be repeated', async () => {
  const customerId = randomUUID();
  const ids = await ordersOf(customerId, 20);
  await database.sql(
    `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'failed'; END $$`,
  );
  await database.sql(
    `CREATE TRIGGER fail BEFORE UPDATE ON orders FOR EACH ROW WHEN (OLD.id = '${ids[7]}') EXECUTE FUNCTION fail()`,
  );
  const query = 'mutation ($input: EraseCustomerInput!) { eraseCustomer(input: $input) { erasedOrders isComplete } }';
  const failed = await server.request(query, { input: { customerId } });
  expect(failed.errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
  const left = await database.sql('SELECT id, version FROM orders WHERE customer_id = $1', [customerId]);
  expect(left).toEqual([{ id: ids[7], version: 1 }]);
  await database.sql('DROP TRIGGER fail ON orders');
  expect(await eraseCustomer(server, customerId)).toEqual(done(1));
  await expectErased(customerId);
});

test('an erasure waits for the sequencer, which updates the same events in another order', async () => {
  const customerId = randomUUID();
  const { id } = await createdWholeOrder(proxied, { customerId });
  await transitionWholeOrder(proxied, { id, status: 'CONFIRMED' });
  const sequencer = await database.connect();
  await sequencer.query("BEGIN; SET LOCAL lock_timeout = '300ms'");
  await sequencer.query('SELECT 1 FROM event_sequencer FOR UPDATE');
  const assign = (version: number) =>
    sequencer.query('UPDATE order_events SET position = NULL WHERE order_id = $1 AND version = $2', [id, version]);
  await assign(2);
  const erasure = eraseCustomer(proxied, customerId);
  const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  await expect.poll(() => database.sql(waiting), { interval: 10 }).toHaveLength(1);
  await assign(1); // fails if the erasure has locked the row, which would be a deadlock
  await sequencer.query('COMMIT');
  expect(await erasure).toEqual(done(1));
  expect(await readOrder(server, id)).toMatchObject({ customerId: null, version: 3 });
});

test('events without a position are erased and keep their place in the log', async () => {
  const customerId = randomUUID();
  for (let round = 0; round < 5; round += 1) {
    const orders = await Promise.all(Array.from({ length: 20 }, () => createWholeOrder(server, { customerId })));
    expect(await eraseCustomer(server, customerId)).toEqual(done(orders.length));
  }
  const positions =
    'SELECT count(*)::int AS events, count(DISTINCT position)::int AS positions, max(position)::int AS last FROM order_events';
  await expect
    .poll(
      async () => {
        const [{ events, positions: assigned, last } = {}] = await database.sql(positions);
        return assigned === events && last === events;
      },
      { timeout: 10_000 },
    )
    .toBe(true);
  await expectErased(customerId);
});

test('an erasure completes although the sequencer is locked for longer than a lock timeout', async () => {
  const customerId = randomUUID();
  await ordersOf(customerId, 30);
  const beside = await serverForTest(proxy);
  const release = await holdLocks(database, (client) => client.query('SELECT 1 FROM event_sequencer FOR UPDATE'));
  const before = proxy.statements.length;
  const erasure = eraseCustomer(beside, customerId);
  const attempts = () => proxy.statements.slice(before).filter((sql) => sql === WAIT_FOR_SEQUENCER.sql).length;
  await expect.poll(attempts, { timeout: 10_000, interval: 10 }).toBeGreaterThan(5);
  expect(await database.sql('SELECT 1 FROM orders WHERE customer_id = $1', [customerId])).toHaveLength(30);
  await release();
  expect(await erasure).toEqual(done(30));
  await expectErased(customerId);
});
