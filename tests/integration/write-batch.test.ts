import { randomUUID } from 'node:crypto';
import { createLog } from '../../src/observability/log.js';
import { beforeAll, expect, test } from 'vitest';
import { useDatabase, useProxy, useStore } from '../support/fixture.js';
import { createCommand, deleteCommand, transitionCommand } from '../support/commands.js';
import { claimReferences, insertOrders, lockOrders } from '../support/rows.js';
import type { Client } from 'pg';
import type { ChangeOrder, WriteCommand } from '../../src/orders/interfaces/order-writer.js';
import type { WriteResult } from '../../src/orders/interfaces/batch-writer.js';
import { createBatchWriter } from '../../src/store/write-batch.js';
import { callerOf } from '../support/caller.js';

const database = useDatabase();
const proxy = useProxy(database);
const store = useStore(proxy, { statementTimeoutMs: 5_000, lockTimeoutMs: 1_000, connectTimeoutMs: 2_000 });
const committed: (readonly string[])[] = [];
const writer = createBatchWriter(store, {
  transactionTimeoutMs: 10_000,
  maxWaitMs: 2_000,
  onCommit: (ids) => committed.push(ids),
  log: createLog({ level: 'silent' }),
});

beforeAll(() => database.sql("ALTER TABLE orders ADD CONSTRAINT of_the_test CHECK (notes <> 'poison')"));

/** Writes a batch for callers with a deadline of five seconds. */
async function writeBatch(commands: readonly WriteCommand[]): Promise<readonly WriteResult[]> {
  const caller = callerOf();
  const calls = commands.map((command) => ({ command, caller, outcomeUnknown: false }));
  return writer.write(calls, { waited: false });
}

test('several changes of one order in a batch are decided in order, each with its event, in one transaction', async () => {
  const order = createCommand('steps');
  await writeBatch([order]);
  const before = proxy.statements.length;
  const results = await writeBatch([
    transitionCommand(order.orderId, 'CONFIRMED', { expectedVersion: 1 }),
    transitionCommand(order.orderId, 'PROCESSING', { expectedVersion: 2 }),
    transitionCommand(order.orderId, 'CONFIRMED'),
    transitionCommand(order.orderId, 'PROCESSING'),
    transitionCommand(order.orderId, 'COMPLETED', { expectedVersion: 2 }),
    transitionCommand(order.orderId, 'COMPLETED', { expectedVersion: 3 }),
  ]);
  expect(results).toMatchObject([
    { kind: 'changed', changed: true, order: { status: 'CONFIRMED', version: 2 } },
    { kind: 'changed', changed: true, order: { status: 'PROCESSING', version: 3 } },
    { kind: 'rejected', rejection: { code: 'INVALID_TRANSITION' } },
    { kind: 'changed', changed: false, order: { version: 3 } },
    { kind: 'rejected', rejection: { code: 'VERSION_CONFLICT', order: { version: 3 } } },
    { kind: 'changed', changed: true, order: { status: 'COMPLETED', version: 4 } },
  ]);
  const events = await database.sql(
    'SELECT version, from_status, to_status FROM order_events WHERE order_id = $1 ORDER BY version',
    [order.orderId],
  );
  expect(events).toEqual([
    { version: 1, from_status: null, to_status: 'PENDING' },
    { version: 2, from_status: 'PENDING', to_status: 'CONFIRMED' },
    { version: 3, from_status: 'CONFIRMED', to_status: 'PROCESSING' },
    { version: 4, from_status: 'PROCESSING', to_status: 'COMPLETED' },
  ]);
  expect(proxy.statements.slice(before).filter((sql) => sql === 'COMMIT')).toHaveLength(1);
});

test.each(['cut-before', 'cut-after'] as const)(
  'with the connection %s the COMMIT, a transition is reported as changed although its order is deleted in the same batch',
  async (action) => {
    const order = createCommand('transitioned and deleted');
    await writeBatch([order]);
    proxy.atCommit(action);
    const results = await writeBatch([transitionCommand(order.orderId, 'CONFIRMED'), deleteCommand(order.orderId)]);
    expect(results).toMatchObject([
      { kind: 'changed', changed: true },
      { kind: 'changed', changed: true },
    ]);
    const events = await database.sql('SELECT type FROM order_events WHERE order_id = $1 ORDER BY version', [
      order.orderId,
    ]);
    expect(events).toEqual([{ type: 'CREATED' }, { type: 'STATUS_CHANGED' }, { type: 'DELETED' }]);
  },
);

test('the number of statements of a batch does not depend on its size', async () => {
  const orders = Array.from({ length: 100 }, (_, index) => createCommand(`many ${index}`));
  const start = proxy.statements.length;
  await writeBatch(orders);
  const forOrders = proxy.statements.slice(start);
  await writeBatch(orders.map((order) => transitionCommand(order.orderId, 'CONFIRMED')));
  const forChanges = proxy.statements.slice(start + forOrders.length);
  expect(forOrders).toHaveLength(3); // BEGIN, insert, COMMIT
  expect(forChanges).toHaveLength(4); // BEGIN, lock, apply, COMMIT
});

test('an order can be created and changed in one batch', async () => {
  const order = createCommand('at once');
  const results = await writeBatch([transitionCommand(order.orderId, 'CONFIRMED'), order]);
  expect(results).toMatchObject([
    { kind: 'changed', changed: true },
    { kind: 'created', replayed: false },
  ]);
});

test('the same id twice in one batch creates one order; another request with the id is rejected', async () => {
  const first = createCommand('twice');
  const results = await writeBatch([
    first,
    createCommand('twice', first.orderId),
    createCommand('other', first.orderId),
  ]);
  expect(results).toMatchObject([
    { kind: 'created', replayed: false },
    { kind: 'created', replayed: true, order: { id: first.orderId } },
    { kind: 'rejected', rejection: { code: 'IDEMPOTENCY_MISMATCH' } },
  ]);
});

test('the same idempotency key twice in one batch stores one event', async () => {
  const order = createCommand('keyed');
  await writeBatch([order]);
  const key = { hash: Buffer.from('hash'), fingerprint: Buffer.from('print') };
  const other = { hash: Buffer.from('hash'), fingerprint: Buffer.from('other') };
  const results = await writeBatch([
    transitionCommand(order.orderId, 'CONFIRMED', { key }),
    transitionCommand(order.orderId, 'CONFIRMED', { key }),
    transitionCommand(order.orderId, 'CONFIRMED', { key: other }),
  ]);
  expect(results).toMatchObject([
    { changed: true, order: { version: 2 } },
    { changed: true, order: { version: 2 } },
    { kind: 'rejected', rejection: { code: 'IDEMPOTENCY_MISMATCH' } },
  ]);
});

test('bisection isolates two rows rejected by the database; the others are stored', async () => {
  const commands = Array.from({ length: 32 }, (_, index) =>
    createCommand(index === 3 || index === 20 ? 'poison' : `bisect ${index}`),
  );
  const results = await writeBatch(commands);
  expect(results.map((result) => result instanceof Error)).toEqual(
    commands.map((_, index) => index === 3 || index === 20),
  );
  expect(await database.sql("SELECT id FROM orders WHERE notes LIKE 'bisect %'")).toHaveLength(30);
});

test('only a commit announces the orders with new events', async () => {
  committed.length = 0;
  await writeBatch([createCommand('poison')]);
  expect(committed).toEqual([]);
  const [one, two] = [createCommand('announced'), createCommand('announced too')];
  await writeBatch([one, two]);
  await writeBatch([
    transitionCommand(one.orderId, 'PENDING'),
    transitionCommand(two.orderId, 'SHIPPED'),
    transitionCommand(two.orderId, 'DELIVERED'),
  ]);
  expect(committed).toEqual([[one.orderId, two.orderId], [two.orderId]]);
});

test('a replay of a deleted order reports the deletion; other commands do not find the order', async () => {
  const order = createCommand('deleted');
  await writeBatch([order]);
  await database.sql('UPDATE orders SET deleted_at = now() WHERE id = $1', [order.orderId]);
  const results = await writeBatch([
    { ...order, commandId: randomUUID() },
    transitionCommand(order.orderId, 'CONFIRMED'),
  ]);
  expect(results).toMatchObject([
    { kind: 'rejected', rejection: { code: 'ORDER_DELETED' } },
    { kind: 'rejected', rejection: { code: 'INVALID_INPUT', problems: [{ code: 'NOT_FOUND' }] } },
  ]);
});

test('an order of another customer with the same id is reported as a mismatch without the order', async () => {
  const order = createCommand('own');
  await writeBatch([order]);
  const stranger = { issuer: 'test', subject: 'stranger', roles: ['customer'] } as const;
  const results = await writeBatch([
    { ...order, commandId: randomUUID(), viewer: stranger },
    transitionCommand(order.orderId, 'CONFIRMED', { viewer: stranger }),
  ]);
  expect(results).toMatchObject([
    { kind: 'rejected', rejection: { code: 'IDEMPOTENCY_MISMATCH' } },
    { kind: 'rejected', rejection: { code: 'INVALID_INPUT', problems: [{ code: 'NOT_FOUND' }] } },
  ]);
  expect(JSON.stringify(results)).not.toContain('"number"');
});

test('a clock set back does not reverse the times of the history', async () => {
  const order = createCommand('clock');
  await writeBatch([order]);
  await database.sql("UPDATE orders SET updated_at = now() + interval '1 hour' WHERE id = $1", [order.orderId]);
  await writeBatch([transitionCommand(order.orderId, 'CONFIRMED')]);
  const [row] = await database.sql(
    "SELECT updated_at > now() + interval '59 minutes' AS kept FROM orders WHERE id = $1",
    [order.orderId],
  );
  expect(row).toEqual({ kept: true });
});

/** Lets the insert of an order fail with the SQLSTATE in its notes. */
async function failByNotes(): Promise<void> {
  await database.sql(`CREATE OR REPLACE FUNCTION fail_by_notes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'failure of the test' USING ERRCODE = NEW.notes; END $$`);
  await database.sql(`CREATE OR REPLACE TRIGGER fail_by_notes BEFORE INSERT ON orders FOR EACH ROW
    WHEN (NEW.notes ~ '^[0-9A-Z]{5}$') EXECUTE FUNCTION fail_by_notes()`);
}

const isError = (result: WriteResult) => result instanceof Error;
const count = (statements: readonly string[], text: string) => statements.filter((sql) => sql === text).length;

test.each(['P0001', '54000', 'XX001', 'XX000', '42883'])(
  'a command with the database error %s fails alone; the others are stored',
  async (sqlState) => {
    await failByNotes();
    const commands = Array.from({ length: 16 }, (_, index) =>
      createCommand(index === 5 ? sqlState : `with ${sqlState}`),
    );
    const results = await writeBatch(commands);
    expect(results.map(isError)).toEqual(commands.map((_, index) => index === 5));
    expect(await database.sql('SELECT 1 FROM orders WHERE notes = $1', [`with ${sqlState}`])).toHaveLength(15);
  },
);

test('an exception in a decision fails only its command; the others are stored', async () => {
  const orders = Array.from({ length: 8 }, () => createCommand('decisions'));
  await writeBatch(orders);
  const commands = orders.map(({ orderId }) => transitionCommand(orderId, 'CONFIRMED'));
  const defect = Object.defineProperty({ ...commands[2] }, 'expectedVersion', {
    get: () => {
      throw new Error('an exception in a decision');
    },
  }) as ChangeOrder;
  const results = await writeBatch(commands.with(2, defect));
  expect(results.map(isError)).toEqual(commands.map((_, index) => index === 2));
  expect(await database.sql("SELECT 1 FROM orders WHERE notes = 'decisions' AND version = 2")).toHaveLength(7);
});

test('bisection stops if the database fails every part of a batch', async () => {
  await failByNotes();
  const before = proxy.statements.length;
  const results = await writeBatch(Array.from({ length: 64 }, () => createCommand('XX001')));
  expect(results.every(isError)).toBe(true);
  expect(results[0]).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(count(proxy.statements.slice(before), 'BEGIN')).toBeLessThan(32);
});

test('after a deferred check fails at COMMIT the batch is bisected, and the outcome is not unknown', async () => {
  await database.sql(`CREATE FUNCTION fail_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'failure of the test'; END $$`);
  await database.sql(`CREATE CONSTRAINT TRIGGER fail_late AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.notes = 'late') EXECUTE FUNCTION fail_late()`);
  const results = await writeBatch([createCommand('early'), createCommand('late')]);
  expect(results).toMatchObject([{ kind: 'created' }, { message: 'A command could not be stored.' }]);
});

/** Runs `work` while the transaction of another connection holds the locks. */
async function whileLocked<T>(lock: (client: Client) => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  const client = await database.connect();
  await client.query('BEGIN');
  await lock(client);
  try {
    return await work();
  } finally {
    await client.query('ROLLBACK');
  }
}

test('locked orders are skipped without waiting in the transaction that changes the others', async () => {
  const orders = Array.from({ length: 10 }, () => createCommand('some are locked'));
  await writeBatch(orders);
  const ids = orders.map(({ orderId }) => orderId);
  const before = proxy.statements.length;
  const results = await whileLocked(
    (client) => lockOrders(client, ids.slice(0, 6)),
    () => writeBatch(ids.map((id) => transitionCommand(id, 'CONFIRMED'))),
  );
  expect(results.map((result) => 'kind' in result && result.kind)).toEqual(
    ids.map((_, index) => (index < 6 ? 'lock-conflict' : 'changed')),
  );
  const statements = proxy.statements.slice(before);
  expect([statements.length, count(statements, 'COMMIT'), count(statements, 'ROLLBACK')]).toEqual([5, 1, 0]);
});

test.each(['reference', 'id'] as const)(
  'only the command on a locked %s waits; the other commands share transactions',
  async (what) => {
    const customerId = randomUUID();
    const commands = Array.from({ length: 64 }, (_, index) => {
      const command = createCommand(`with a locked ${what}`);
      const draft = command.draft === null ? null : { ...command.draft, customerId, externalReference: `${index}` };
      return { ...command, draft };
    });
    const locked = commands[20]?.orderId ?? '';
    const lock = (client: Client) =>
      what === 'id' ? insertOrders(client, [{ id: locked }]) : claimReferences(client, customerId, ['20']);
    const before = proxy.statements.length;
    const results = await whileLocked(lock, () => writeBatch(commands));
    expect(results.map((result) => 'kind' in result && result.kind)).toEqual(
      commands.map(({ orderId }) => (orderId === locked ? 'lock-conflict' : 'created')),
    );
    expect(count(proxy.statements.slice(before), 'COMMIT')).toBeLessThan(16);
  },
);

test('a probe returns the unlocked orders', async () => {
  const [locked, free] = [createCommand('probed'), createCommand('probed')];
  await writeBatch([locked, free]);
  const ids = [locked.orderId, free.orderId];
  const probe = () => writer.findUnlocked(ids);
  expect(await whileLocked((client) => lockOrders(client, [locked.orderId]), probe)).toEqual(new Set([free.orderId]));
  expect(await probe()).toEqual(new Set(ids));
});
