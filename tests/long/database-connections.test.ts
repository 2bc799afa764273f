import { expect, test } from 'vitest';
import { createLog } from '../../src/observability/log.js';
import { StartupError } from '../../src/startup-error.js';
import { openDatabase, type Database } from '../../src/database/database.js';
import { databaseForTest, serverForTest, useDatabase, useProxy, useServer } from '../support/fixture.js';
import { lockTable } from '../support/locks.js';
import { startPostgresProxy } from '../support/postgres-proxy.js';
import { CREATE_ORDER, TEA, UPDATE_ORDER_STATUS } from '../support/order-documents.js';
import { createdOrder } from '../support/order-requests.js';
import { startServer } from '../support/server.js';

const database = useDatabase();
const proxy = useProxy(database);
const server = useServer(proxy, {
  DATABASE_STATEMENT_TIMEOUT_MS: '20000',
  DATABASE_LOCK_TIMEOUT_MS: '20000',
  REQUEST_DEADLINE_MS: '25000',
});

const READS = `query ($id: ID!, $number: String!) {
  order(id: $id) { items { name } history { nodes { version } } customer { name } }
  orderByNumber(number: $number) { id }
  orders(first: 5) { totalCount nodes { id } }
  orderStats { count }
}`;

interface OrderIds {
  readonly id: string;
  readonly number: string;
}

/** Sends concurrent reads and writes of all kinds and returns their errors. */
async function sendAllKinds({ id, number }: OrderIds, target = server): Promise<unknown[]> {
  const responses = await Promise.all([
    ...Array.from({ length: 3 }, () => target.request(READS, { id, number })),
    target.request(CREATE_ORDER, { input: { items: [TEA] } }),
    target.request(UPDATE_ORDER_STATUS, { input: { id, status: 'PENDING' } }),
  ]);
  return responses.flatMap((response) => response.errors ?? []);
}

const SESSIONS = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ordergraph'";

/** Runs `work` while many connections of the server wait for a lock. */
async function whileConnectionsWait(order: OrderIds, work: () => Promise<unknown>) {
  const release = await lockTable(database, 'orders');
  const errors = sendAllKinds(order);
  await expect
    .poll(async () => (await database.sql(`SELECT 1 ${SESSIONS} AND wait_event_type = 'Lock'`)).length, {
      timeout: 10_000,
    })
    .toBeGreaterThan(3);
  await work();
  await release();
  return errors;
}

const terminateAll = () => database.sql(`SELECT pg_terminate_backend(pid) ${SESSIONS}`);

test('terminated sessions, idle or active, fail no request', async () => {
  const order = await createdOrder(server);
  expect(await whileConnectionsWait(order, terminateAll)).toEqual([]);
  for (let round = 0; round < 5; round += 1) {
    const [failures] = await Promise.all([sendAllKinds(order), terminateAll()]);
    expect(failures).toEqual([]);
    await terminateAll();
    expect(await sendAllKinds(order)).toEqual([]);
  }
});

test('connections dropped silently by the network fail no request, even if the whole pool is affected', async () => {
  const order = await createdOrder(server);
  for (const only of [READS, CREATE_ORDER, UPDATE_ORDER_STATUS]) {
    expect(await whileConnectionsWait(order, () => Promise.resolve())).toEqual([]);
    proxy.cutOnNextUse();
    const variables = {
      ...order,
      input: only === CREATE_ORDER ? { items: [TEA] } : { id: order.id, status: 'PENDING' },
    };
    expect((await server.request(only, variables)).errors).toBeUndefined();
    expect(await sendAllKinds(order)).toEqual([]);
  }
});

test('unresponsive connections are closed together, and reads and writes continue on new ones', async () => {
  const slowPolling = await serverForTest(proxy, {
    DATABASE_STATEMENT_TIMEOUT_MS: '1000',
    REQUEST_DEADLINE_MS: '20000',
    EVENTS_POLL_MS: '60000', // so that background loops do not detect the frozen connections first
  });
  const order = await createdOrder(slowPolling);
  await sendAllKinds(order, slowPolling); // on several connections, which are idle afterwards
  proxy.freeze();
  // The second attempt does not use another frozen connection.
  expect((await slowPolling.request('query ($id: ID!) { order(id: $id) { id } }', order)).errors).toBeUndefined();
  expect(await sendAllKinds(order, slowPolling)).toEqual([]);
  await terminateAll(); // the frozen connections of the other server
});

test('a half-open LISTEN connection is replaced within seconds', async () => {
  const listening =
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'ordergraph-listen' AND datname = current_database()";
  const pids = async () => (await database.sql<{ pid: number }>(listening)).map(({ pid }) => pid);
  await expect.poll(pids).not.toEqual([]);
  const before = new Set(await pids());
  proxy.freeze();
  const isReplaced = async () => (await pids()).some((pid) => !before.has(pid));
  await expect.poll(isReplaced, { timeout: 12_000 }).toBe(true);
  await terminateAll();
});

test('after a primary becomes a standby, writes are unavailable and reads succeed', async () => {
  const order = await createdOrder(server);
  const name = new URL(database.url).pathname.slice(1);
  await database.sql(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  try {
    await terminateAll();
    const created = await server.request(CREATE_ORDER, { input: { items: [TEA] } });
    expect(created).toMatchObject({ status: 503, errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
    expect((await server.request(READS, order)).errors).toBeUndefined();
  } finally {
    await database.sql('SET default_transaction_read_only = off');
    await database.sql(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
    await terminateAll();
  }
  // The first write on a session that connected during the change replaces it.
  await expect
    .poll(async () => (await server.request(CREATE_ORDER, { input: { items: [TEA] } })).status, { timeout: 10_000 })
    .toBe(200);
});

test('a missing database file fails only the reads that need it', async () => {
  const order = await createdOrder(server);
  await database.sql(`CREATE FUNCTION vanished() RETURNS bool STABLE LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not open file "base/1/2"' USING ERRCODE = '58P01'; END $$`);
  await database.sql('ALTER TABLE order_stats RENAME TO order_stats_away');
  await database.sql('CREATE VIEW order_stats AS SELECT * FROM order_stats_away WHERE vanished()');
  try {
    const response = await server.request('{ orderStats { count } }');
    expect(response).toMatchObject({ status: 503, errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
    expect((await server.request('query ($id: ID!) { order(id: $id) { id } }', order)).errors).toBeUndefined();
  } finally {
    await database.sql('DROP VIEW order_stats');
    await database.sql('ALTER TABLE order_stats_away RENAME TO order_stats');
  }
});

test('a failed read does not affect the other reads of its batch', async () => {
  const [one, two] = await Promise.all(['c1', 'c2'].map(async (customerId) => createdOrder(server, { customerId })));
  await createdOrder(server, { customerId: 'c1', externalReference: 'unreadable' });
  await database.sql(`CREATE FUNCTION reading(text) RETURNS text STABLE LANGUAGE plpgsql AS
    $$ BEGIN IF $1 = 'unreadable' THEN RAISE EXCEPTION 'bad page' USING ERRCODE = 'XX001'; END IF; RETURN $1; END $$`);
  const columns = await database.sql<{ name: string }>(
    "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'orders' ORDER BY ordinal_position",
  );
  const selected = columns.map(({ name }) => (name === 'external_reference' ? `reading(${name}) AS ${name}` : name));
  await database.sql('ALTER TABLE orders RENAME TO orders_away');
  await database.sql(`CREATE VIEW orders AS SELECT ${selected.join(', ')} FROM orders_away`);
  try {
    const query = `query ($one: ID!, $two: ID!) {
      one: order(id: $two) { customer { orders(first: 3) { nodes { id } } } }
      two: order(id: $one) { customer { orders(first: 5) { nodes { id } } } }
      three: order(id: $two) { customer { orders(first: 7) { nodes { id } } } } }`;
    const { data, errors } = await server.request<Record<string, unknown>>(query, { one: one?.id, two: two?.id });
    expect(errors).toMatchObject([
      { path: ['two', 'customer', 'orders'], extensions: { code: 'SERVICE_UNAVAILABLE' } },
    ]);
    const read = { customer: { orders: { nodes: [{ id: two?.id }] } } };
    expect(data).toEqual({ one: read, two: { customer: null }, three: read });
  } finally {
    await database.sql('DROP VIEW orders');
    await database.sql('ALTER TABLE orders_away RENAME TO orders');
  }
});

async function withStore<T>(preparedStatements: boolean, work: (store: Database) => Promise<T>): Promise<T> {
  const bounds = { statementTimeoutMs: 12_345, lockTimeoutMs: 678, connectTimeoutMs: 2_000 };
  const options = { url: database.url, poolSize: 1, preparedStatements, applicationName: 'test', ...bounds };
  const store = openDatabase(options, createLog({ level: 'silent' }));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

test('sessions have the configured limits and the settings that write batches require', async () => {
  const names = [
    ['statement_timeout', '12345ms'],
    ['lock_timeout', '678ms'],
    ['idle_in_transaction_session_timeout', '12345ms'],
    ['TimeZone', 'UTC'],
    ['default_transaction_isolation', 'read committed'],
  ];
  await withStore(true, async ({ prisma }) => {
    for (const [name, value] of names) {
      const [row] = await prisma.$queryRawUnsafe<{ value: string }[]>('SELECT current_setting($1) AS value', name);
      expect([name, row?.value]).toEqual([name, value]);
    }
  });
});

/** The number of prepared statements of a session after this number of different statements. */
async function preparedAfter(preparedStatements: boolean, different: number): Promise<number> {
  return withStore(preparedStatements, async ({ prisma }) => {
    for (let index = 0; index < different; index += 1) await prisma.$queryRawUnsafe(`SELECT $1::int AS a${index}`, 1);
    const [row] = await prisma.$queryRawUnsafe<{ kept: number }[]>(
      'SELECT count(*)::int AS kept FROM pg_prepared_statements',
    );
    return row?.kept ?? 0;
  });
}

test('a session has a bounded number of prepared statements, and none if they are disabled', async () => {
  expect(await preparedAfter(true, 5)).toBeGreaterThanOrEqual(5);
  expect(await preparedAfter(false, 5)).toBe(0);
  expect(await preparedAfter(true, 600)).toBeLessThanOrEqual(500);
});

test.each([
  ['TimeZone', 'Asia/Kathmandu'],
  ['default_transaction_isolation', 'serializable'],
])('a server does not start if the sessions have an unexpected %s', async (name, value) => {
  const other = await databaseForTest();
  const dropping = await startPostgresProxy(other.url, '', { dropOptions: true });
  try {
    const db = new URL(other.url).pathname.slice(1);
    // The settings are session options, which this pooler drops.
    await other.sql(`ALTER DATABASE ${db} SET TimeZone = 'UTC'`);
    await other.sql(`ALTER DATABASE ${db} SET ${name} = '${value}'`);
    const starting = startServer(dropping.url);
    await expect(starting).rejects.toThrow(StartupError);
    await expect(starting).rejects.toThrow(value);
  } finally {
    await dropping.close();
  }
});
