import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { holdLocks } from '../support/locks.js';
import { type BulkPayload, CREATE_ORDER, type CreateOrderResponse, TEA } from '../support/order-documents.js';
import { createdOrder, createOrder, createOrders, transitionOrders } from '../support/order-requests.js';
import { claimReferences, insertOrders, lockOrders } from '../support/rows.js';
import type { TestServer } from '../support/server.js';

const database = useDatabase();
beforeAll(() =>
  database.sql(`ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET deadlock_timeout = '50ms'`),
);

/** The database with these settings off in its sessions. */
const without = (...settings: string[]) => ({
  get url() {
    const url = new URL(database.url);
    url.searchParams.set('options', settings.map((setting) => `-c ${setting}=off`).join(' '));
    return url.href;
  },
});
/** One lane, and timeouts longer than any wait, so that deadlocks are detected by PostgreSQL. */
const ENV = { WRITE_LANES: '1', DATABASE_LOCK_TIMEOUT_MS: '20000', REQUEST_DEADLINE_MS: '20000' };
/** Two servers with different plans: the first reads rows by an index, the second in physical order. */
const servers = [
  useServer(without('enable_seqscan', 'enable_bitmapscan'), ENV),
  useServer(without('enable_indexscan', 'enable_bitmapscan'), ENV),
] as const;

const WAITING = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ordergraph'
  AND wait_event_type = 'Lock'`;

const waiting = (count: number) => expect.poll(() => database.sql(WAITING), { timeout: 10_000 }).toHaveLength(count);

/**
 * Runs one batch on each server. Both batches lock the same three things. `block` locks the middle one, so that each
 * server has locked the things before it in its own order. If the orders differ, the batches deadlock.
 */
async function runConcurrently<T>(
  block: (client: Client) => Promise<unknown>,
  send: (server: TestServer, side: 0 | 1) => Promise<T>,
) {
  const release = await holdLocks(database, block);
  const first = send(servers[0], 0);
  await waiting(1);
  const second = send(servers[1], 1);
  await waiting(2);
  await release();
  return Promise.all([first, second]);
}

function expectNoConflict(): void {
  for (const server of servers) {
    expect(server.logLines.filter((line) => line.includes('write batch failed'))).toEqual([]);
  }
}

function threeIds(): [string, string, string] {
  const random = randomUUID().slice(1);
  return [`1${random}`, `5${random}`, `9${random}`];
}

const errorsOf = ({ results }: BulkPayload) => results.flatMap(({ userErrors }) => userErrors.map(({ code }) => code));

test.each([0, 1] as const)(
  'two batches that change the same orders in opposite order do not deadlock (%s)',
  async (reversed) => {
    const ids = threeIds();
    const [first, middle, last] = ids;
    for (const id of ids.toReversed()) await createdOrder(servers[0], { id });
    for (const [index, status] of ['CONFIRMED', 'PROCESSING', 'SHIPPED'].entries()) {
      const release = await holdLocks(database, (client) => lockOrders(client, [middle]));
      const responses = servers.map(async (server, side) => {
        const order = side === reversed ? ids.toReversed() : ids;
        return transitionOrders(
          server,
          order.map((id) => ({ id, status })),
        );
      });
      const changed = 'SELECT 1 FROM orders WHERE id = any($1) AND version = $2';
      await expect.poll(() => database.sql(changed, [[first, last], index + 2])).toHaveLength(2);
      expect(await database.sql(WAITING)).toEqual([]);
      await release();
      expect((await Promise.all(responses)).flatMap(errorsOf)).toEqual([]);
      expectNoConflict();
    }
    const events = await database.sql('SELECT 1 FROM order_events WHERE order_id = any($1)', [ids]);
    expect(events).toHaveLength(ids.length * 4);
  },
);

test.each([0, 1] as const)(
  'two batches that create orders with the same ids in opposite order do not deadlock (%s)',
  async (reversed) => {
    const ids = threeIds();
    const responses = await runConcurrently(
      (blocker) => insertOrders(blocker, [{ id: ids[1] }]),
      async (server, side) => {
        const order = side === reversed ? ids.toReversed() : ids;
        return createOrders(server, { orders: order.map((id) => ({ id, items: [TEA] })) });
      },
    );
    expect(responses.flatMap(errorsOf)).toEqual([]);
    expect(
      responses.map(({ results }) => results.filter(({ replayed }) => replayed).length).toSorted((a, b) => a - b),
    ).toEqual([0, 3]);
    expectNoConflict();
  },
);

test.each([0, 1] as const)(
  'two batches that claim the same references in opposite order do not deadlock (%s)',
  async (reversed) => {
    const customerId = `claims ${reversed}`;
    const references = ['a', 'b', 'c'];
    const responses = await runConcurrently(
      (blocker) => claimReferences(blocker, customerId, ['b']),
      async (server, side) => {
        const order = side === reversed ? references.toReversed() : references;
        const orders = order.map((externalReference) => ({ customerId, externalReference, items: [TEA] }));
        return createOrders(server, { orders });
      },
    );
    const rejected = responses.map((response) => errorsOf(response).length);
    expect(rejected.toSorted((a, b) => a - b)).toEqual([0, 3]); // the first batch has all of them
    expect(await database.sql('SELECT 1 FROM orders WHERE customer_id = $1', [customerId])).toHaveLength(3);
    expectNoConflict();
  },
);

/** Orders with the notes "conflict N" fail with N conflicts before they are stored. */
async function conflictAs(sqlState: string): Promise<void> {
  await database.sql('CREATE SEQUENCE IF NOT EXISTS tries');
  await database.sql('ALTER SEQUENCE tries RESTART');
  await database.sql(`CREATE OR REPLACE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('tries') <= substring(NEW.notes FROM '[0-9]+')::int THEN
      RAISE EXCEPTION 'conflict of the test' USING ERRCODE = '${sqlState}'; END IF; RETURN NEW; END $$`);
  await database.sql(`CREATE OR REPLACE TRIGGER conflict BEFORE INSERT ON orders FOR EACH ROW
    WHEN (NEW.notes LIKE 'conflict %') EXECUTE FUNCTION conflict()`);
}

const storedOf = (customerId: string) => database.sql('SELECT notes FROM orders WHERE customer_id = $1', [customerId]);

describe.each(['40P01', '40001'])('a conflict of transactions (%s)', (sqlState) => {
  beforeEach(() => conflictAs(sqlState));

  test('that occurs once is retried by the server', async () => {
    expect(await createOrder(servers[0], { notes: 'conflict 1' })).toMatchObject({ replayed: false, userErrors: [] });
  });

  test('that occurs twice in a batch is retried command by command, and all commands are stored', async () => {
    const customerId = `${sqlState} twice`;
    const orders = ['conflict 2', 'x', 'y'].map((notes) => ({ customerId, notes, items: [TEA] }));
    const { results } = await createOrders(servers[0], { policy: 'PARTIAL', orders });
    expect(results.map(({ order }) => order === null)).toEqual([false, false, false]);
    expect(await storedOf(customerId)).toHaveLength(3);
  });

  test('that lasts fails as retryable only for its caller', async () => {
    const customerId = `${sqlState} always`;
    const input = (notes: string) => ({ input: { customerId, notes, items: [TEA] } });
    const [failed, ...others] = await Promise.all(
      ['conflict 99', 'x', 'y'].map((notes) => servers[0].request<CreateOrderResponse>(CREATE_ORDER, input(notes))),
    );
    expect(failed).toMatchObject({ status: 503, errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
    expect(others.flatMap(({ errors }) => errors ?? [])).toEqual([]);
    expect(await storedOf(customerId)).toHaveLength(2);
  });
});
