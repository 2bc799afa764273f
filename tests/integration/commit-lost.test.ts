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
// Events are sequenced in transactions too; here only the writes' COMMITs shall be met.
const server = useServer(proxy, {
  EVENTS_DEBOUNCE_MS: '1000',
  EVENTS_POLL_MS: '60000',
  REQUEST_DEADLINE_MS: '3000',
  DATABASE_LOCK_TIMEOUT_MS: '2000', // a trigger of a test waits for a lock
});

describe.each(['cut-before', 'cut-after'] as const)('with the connection %s the COMMIT', (action) => {
  test('a create is settled under its id: one order, answered as new', async () => {
    const notes = `${action} create`;
    proxy.atCommit(action);
    const answer = await createOrder(server, { idempotencyKey: notes, notes });
    expect(answer).toMatchObject({ replayed: false, userErrors: [] });
    const again = await createOrder(server, { idempotencyKey: notes, notes });
    expect(again).toMatchObject({ replayed: true, order: answer.order });
    const rows = await database.sql('SELECT id FROM orders WHERE notes = $1', [notes]);
    expect(rows).toEqual([{ id: answer.order?.id }]);
  });

  test('a create without id or key makes one order too', async () => {
    const notes = `${action} bare`;
    proxy.atCommit(action, action);
    const answer = await createOrder(server, { notes });
    expect(answer).toMatchObject({ replayed: false, userErrors: [] });
    expect(await database.sql('SELECT id FROM orders WHERE notes = $1', [notes])).toEqual([{ id: answer.order?.id }]);
  });

  test('a change of status is settled under its command: one event, answered as changed', async () => {
    const { id } = await createdOrder(server);
    proxy.atCommit(action);
    const answer = await transitionOrder(server, { id, status: 'CONFIRMED', expectedVersion: 1 });
    expect(answer).toMatchObject({ changed: true, userErrors: [], order: { status: 'CONFIRMED', version: 2 } });
    const events = await database.sql('SELECT version FROM order_events WHERE order_id = $1 ORDER BY version', [id]);
    expect(events).toEqual([{ version: 1 }, { version: 2 }]);
  });

  test('an update with a reference is settled under its command: one event, and the order has the reference', async () => {
    const customerId = `${action} update`;
    const { id } = await createdOrder(server, { customerId, externalReference: 'old' });
    proxy.atCommit(action);
    const items = [{ name: 'Milk', unitPrice: '1' }];
    const answer = await updateOrder(server, { id, expectedVersion: 1, externalReference: 'new', items });
    expect(answer).toMatchObject({ changed: true, userErrors: [], order: { version: 2, total: { amount: '1.00' } } });
    const rows = await database.sql('SELECT external_reference FROM order_references WHERE customer_id = $1', [
      customerId,
    ]);
    expect(rows).toEqual([{ external_reference: 'new' }]);
  });

  test('a deletion is settled under its command although the order is deleted', async () => {
    const { id } = await createdOrder(server);
    proxy.atCommit(action);
    expect(await deleteOrder(server, { id })).toEqual({ deletedOrderId: id, userErrors: [] });
    const events = await database.sql('SELECT type FROM order_events WHERE order_id = $1 ORDER BY version', [id]);
    expect(events).toEqual([{ type: 'CREATED' }, { type: 'DELETED' }]);
  });

  test('a group is settled as a whole: its orders are stored once and answered as new', async () => {
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

test('after an unanswered COMMIT, a failed retry does not say that nothing was stored', async () => {
  await database.sql(`CREATE FUNCTION refuse_second() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM orders WHERE id = NEW.id) THEN
      RAISE EXCEPTION 'rejected by the test' USING ERRCODE = NEW.customer_id; END IF; RETURN NEW; END $$`);
  await database.sql(`CREATE TRIGGER refuse_second BEFORE INSERT ON orders FOR EACH ROW
    WHEN (NEW.notes = 'rejected the second time') EXECUTE FUNCTION refuse_second()`);
  // A defect, a rejected row, a conflict that does not end: the SQLSTATE is in the customer's id.
  for (const customerId of ['42P99', '23514', '40001']) {
    const id = randomUUID();
    proxy.atCommit('cut-after');
    const input = { id, customerId, notes: 'rejected the second time', items: [TEA] };
    const answer = await server.request<CreateOrderResponse>(CREATE_ORDER, { input });
    const extensions = { code: 'SERVICE_UNAVAILABLE', outcome: 'UNKNOWN' };
    expect(answer).toMatchObject({ status: 503, errors: [{ extensions }] });
    expect(answer.headers.get('retry-after')).toBeNull();
    expect(answer.errors?.[0]?.message).toContain('whether it was stored is unknown');
    expect(await database.sql('SELECT 1 FROM orders WHERE id = $1', [id])).toHaveLength(1);
  }
});

test('a change with an unanswered COMMIT on an order that is then locked is settled when the lock is released', async () => {
  const { id } = await createdOrder(server);
  await database.sql(`CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock(7); RETURN NEW; END $$`);
  await database.sql(`CREATE TRIGGER wait_for_test BEFORE INSERT ON order_events FOR EACH ROW
    WHEN (NEW.order_id = '${id}') EXECUTE FUNCTION wait_for_test()`);
  const [gate, holder] = [await database.connect(), await database.connect()];
  const waiting = (count: number) =>
    expect
      .poll(() =>
        database.sql("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"),
      )
      .toHaveLength(count);
  await gate.query('SELECT pg_advisory_lock(7)');
  proxy.atCommit('cut-after');
  const changing = transitionOrder(server, { id, status: 'CONFIRMED', expectedVersion: 1 });
  await waiting(1); // the change has locked its order and waits at the gate
  await holder.query('BEGIN');
  const holding = holder.query('SELECT 1 FROM orders WHERE id = $1 FOR UPDATE', [id]);
  await waiting(2);
  const before = proxy.statements.length;
  await gate.query('SELECT pg_advisory_unlock(7)');
  await holding; // the change has been committed, and its retry finds the order held
  const tries = () => proxy.statements.slice(before).filter((sql) => /FROM orders o[^]*SKIP LOCKED/.test(sql)).length;
  await expect.poll(tries, { timeout: 10_000 }).toBeGreaterThan(1);
  await holder.query('ROLLBACK');
  expect(await changing).toMatchObject({ changed: true, userErrors: [], order: { version: 2 } });
  await database.sql('DROP TRIGGER wait_for_test ON order_events');
});

test('when the database is unavailable until the deadline, the outcome is unknown; a retry under the same id returns the order', async () => {
  const id = randomUUID();
  proxy.atCommit('down-after');
  const asking = server.request<CreateOrderResponse>(CREATE_ORDER, { input: { id, items: [TEA] } });
  try {
    const answer = await asking;
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBeNull(); // it is stored: only its id makes a retry safe
    expect(answer.errors).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE', outcome: 'UNKNOWN' } }]);
    expect(answer.errors?.[0]?.message).toContain('unknown');
  } finally {
    proxy.up();
  }
  const again = await createOrder(server, { id });
  expect(again).toMatchObject({ replayed: true, order: { id } });
});

test('while the database is unavailable, requests fail as retryable at once; afterwards they succeed', async () => {
  const { id } = await createdOrder(server);
  proxy.down();
  try {
    const [created, read, ready] = await Promise.all([
      server.request<CreateOrderResponse>(CREATE_ORDER, { input: { items: [TEA] } }),
      server.request('query ($id: ID!) { order(id: $id) { id } }', { id }),
      fetch(server.url.replace('/graphql', '/ready')),
    ]);
    for (const answer of [created, read]) {
      expect(answer.status).toBe(503);
      expect(answer.errors).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
    }
    expect(ready.status).toBe(503);
  } finally {
    proxy.up();
  }
  expect(await createOrder(server)).toMatchObject({ replayed: false, userErrors: [] });
});
