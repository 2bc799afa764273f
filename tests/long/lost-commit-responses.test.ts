import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { useDatabase, useProxy, useServer } from '../support/fixture.js';
import { CREATE_ORDER, type CreateOrderResponse, TEA } from '../support/order-documents.js';
import {
  createdOrder,
  createOrder,
  createOrders,
  deleteOrder,
  transitionOrder,
  updateOrder,
} from '../support/order-requests.js';

const database = useDatabase();
const proxy = useProxy(database);
// Without background transactions, because the test cuts the COMMITs of writes.
const server = useServer(proxy, {
  EVENTS_DEBOUNCE_MS: '1000',
  EVENTS_POLL_MS: '60000',
  REQUEST_DEADLINE_MS: '3000',
  DATABASE_LOCK_TIMEOUT_MS: '2000', // a trigger waits for a lock
});

describe.each(['cut-before', 'cut-after'] as const)('with the connection %s the COMMIT', (action) => {
  test('a create with a lost COMMIT response is settled by its id as a new order', async () => {
    const notes = `${action} create`;
    proxy.atCommit(action);
    const response = await createOrder(server, { idempotencyKey: notes, notes });
    expect(response).toMatchObject({ replayed: false, userErrors: [] });
    const again = await createOrder(server, { idempotencyKey: notes, notes });
    expect(again).toMatchObject({ replayed: true, order: response.order });
    const rows = await database.sql('SELECT id FROM orders WHERE notes = $1', [notes]);
    expect(rows).toEqual([{ id: response.order?.id }]);
  });

  test('a create without id or key is also settled as one new order', async () => {
    const notes = `${action} without id`;
    proxy.atCommit(action, action);
    const response = await createOrder(server, { notes });
    expect(response).toMatchObject({ replayed: false, userErrors: [] });
    expect(await database.sql('SELECT id FROM orders WHERE notes = $1', [notes])).toEqual([{ id: response.order?.id }]);
  });

  test('a transition is settled by its command id as one event', async () => {
    const { id } = await createdOrder(server);
    proxy.atCommit(action);
    const response = await transitionOrder(server, { id, status: 'CONFIRMED', expectedVersion: 1 });
    expect(response).toMatchObject({ changed: true, userErrors: [], order: { status: 'CONFIRMED', version: 2 } });
    const events = await database.sql('SELECT version FROM order_events WHERE order_id = $1 ORDER BY version', [id]);
    expect(events).toEqual([{ version: 1 }, { version: 2 }]);
  });

  test('an update of the external reference is settled by its command id as one event', async () => {
    const customerId = `${action} update`;
    const { id } = await createdOrder(server, { customerId, externalReference: 'old' });
    proxy.atCommit(action);
    const items = [{ name: 'Milk', unitPrice: '1' }];
    const response = await updateOrder(server, { id, expectedVersion: 1, externalReference: 'new', items });
    expect(response).toMatchObject({ changed: true, userErrors: [], order: { version: 2, total: { amount: '1.00' } } });
    const rows = await database.sql('SELECT external_reference FROM order_references WHERE customer_id = $1', [
      customerId,
    ]);
    expect(rows).toEqual([{ external_reference: 'new' }]);
  });

  test('a deletion is settled by its command id although the order is deleted', async () => {
    const { id } = await createdOrder(server);
    proxy.atCommit(action);
    expect(await deleteOrder(server, { id })).toEqual({ deletedOrderId: id, userErrors: [] });
    const events = await database.sql('SELECT type FROM order_events WHERE order_id = $1 ORDER BY version', [id]);
    expect(events).toEqual([{ type: 'CREATED' }, { type: 'DELETED' }]);
  });

  test('an all-or-nothing group is settled as one: its orders are stored once and returned as new', async () => {
    const customerId = `${action} group`;
    const orders = ['a', 'b', 'c'].map((externalReference) => ({ customerId, externalReference, items: [TEA] }));
    proxy.atCommit(action);
    const { results } = await createOrders(server, { orders });
    expect(results.map(({ replayed, userErrors }) => ({ replayed, userErrors }))).toEqual(
      orders.map(() => ({ replayed: false, userErrors: [] })),
    );
    const rows = await database.sql('SELECT id FROM orders WHERE customer_id = $1', [customerId]);
    expect(new Set(rows.map((row) => row['id']))).toEqual(new Set(results.map(({ order }) => order?.id)));
  });
});

test('after a lost COMMIT response, the error of a failed retry does not report that nothing was stored', async () => {
  await database.sql(`CREATE FUNCTION refuse_second() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM orders WHERE id = NEW.id) THEN
      RAISE EXCEPTION 'rejected by the test' USING ERRCODE = NEW.customer_id; END IF; RETURN NEW; END $$`);
  await database.sql(`CREATE TRIGGER refuse_second BEFORE INSERT ON orders FOR EACH ROW
    WHEN (NEW.notes = 'rejected the second time') EXECUTE FUNCTION refuse_second()`);
  // The SQLSTATE of the failure is in the customer id: a defect, a rejected row, a lasting conflict.
  for (const customerId of ['42P99', '23514', '40001']) {
    const id = randomUUID();
    proxy.atCommit('cut-after');
    const input = { id, customerId, notes: 'rejected the second time', items: [TEA] };
    const response = await server.request<CreateOrderResponse>(CREATE_ORDER, { input });
    const extensions = { code: 'SERVICE_UNAVAILABLE', outcome: 'UNKNOWN' };
    expect(response).toMatchObject({ status: 503, errors: [{ extensions }] });
    expect(response.headers.get('retry-after')).toBeNull();
    expect(response.errors?.[0]?.message).toContain('whether it was stored is unknown');
    expect(await database.sql('SELECT 1 FROM orders WHERE id = $1', [id])).toHaveLength(1);
  }
});

test('a change with a lost COMMIT response on a locked order is settled after the lock is released', async () => {
  const { id } = await createdOrder(server);
  await database.sql(`CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock(7); RETURN NEW; END $$`);
  await database.sql(`CREATE TRIGGER wait_for_test BEFORE INSERT ON order_events FOR EACH ROW
    WHEN (NEW.order_id = '${id}') EXECUTE FUNCTION wait_for_test()`);
  const [advisoryLock, holder] = [await database.connect(), await database.connect()];
  const waiting = (count: number) =>
    expect
      .poll(() =>
        database.sql("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"),
      )
      .toHaveLength(count);
  await advisoryLock.query('SELECT pg_advisory_lock(7)');
  proxy.atCommit('cut-after');
  const changing = transitionOrder(server, { id, status: 'CONFIRMED', expectedVersion: 1 });
  await waiting(1); // the change has locked its order and waits for the advisory lock
  await holder.query('BEGIN');
  const locking = holder.query('SELECT 1 FROM orders WHERE id = $1 FOR UPDATE', [id]);
  await waiting(2);
  const before = proxy.statements.length;
  await advisoryLock.query('SELECT pg_advisory_unlock(7)');
  await locking; // the change is committed, and its retry finds the order locked
  const attempts = () =>
    proxy.statements.slice(before).filter((sql) => /FROM orders o[^]*SKIP LOCKED/.test(sql)).length;
  await expect.poll(attempts, { timeout: 10_000 }).toBeGreaterThan(1);
  await holder.query('ROLLBACK');
  expect(await changing).toMatchObject({ changed: true, userErrors: [], order: { version: 2 } });
  await database.sql('DROP TRIGGER wait_for_test ON order_events');
});

test('if the database is unavailable until the deadline, the outcome is unknown; a retry with the same id returns the order', async () => {
  const id = randomUUID();
  proxy.atCommit('down-after');
  const pending = server.request<CreateOrderResponse>(CREATE_ORDER, { input: { id, items: [TEA] } });
  try {
    const response = await pending;
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBeNull(); // the order is stored, so only a retry with its id is safe
    expect(response.errors).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE', outcome: 'UNKNOWN' } }]);
    expect(response.errors?.[0]?.message).toContain('unknown');
  } finally {
    proxy.up();
  }
  const again = await createOrder(server, { id });
  expect(again).toMatchObject({ replayed: true, order: { id } });
});

test('requests fail at once as retryable while the database is unavailable and succeed afterwards', async () => {
  const { id } = await createdOrder(server);
  proxy.down();
  try {
    const [created, read, ready] = await Promise.all([
      server.request<CreateOrderResponse>(CREATE_ORDER, { input: { items: [TEA] } }),
      server.request('query ($id: ID!) { order(id: $id) { id } }', { id }),
      fetch(server.url.replace('/graphql', '/ready')),
    ]);
    for (const response of [created, read]) {
      expect(response.status).toBe(503);
      expect(response.errors).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
    }
    expect(ready.status).toBe(503);
  } finally {
    proxy.up();
  }
  expect(await createOrder(server)).toMatchObject({ replayed: false, userErrors: [] });
});
