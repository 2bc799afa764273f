import { expect, test } from 'vitest';
import { useDatabase, useProxy, useServer } from '../support/fixture.js';
import { lockTable } from '../support/locks.js';
import { createdOrder } from '../support/order-requests.js';

const database = useDatabase();
const PATIENT = { DATABASE_LOCK_TIMEOUT_MS: '30000', DATABASE_STATEMENT_TIMEOUT_MS: '30000' };
const server = useServer(database, { ...PATIENT, COUNT_TIMEOUT_MS: '300' });
const patient = useServer(database, { ...PATIENT, COUNT_TIMEOUT_MS: '30000' });
const proxy = useProxy(database);
const viaProxy = useServer(proxy, { ...PATIENT, COUNT_TIMEOUT_MS: '300' });

const EXACT = '{ orders(first: 0) { totalCount } }';

/** Number of counts that PostgreSQL runs. */
async function running(): Promise<number> {
  const [row] = await database.sql<{ running: number }>(
    `SELECT count(*)::int AS running FROM pg_stat_activity
     WHERE datname = current_database() AND state = 'active' AND query LIKE '%count(*)::float8%'
       AND pid <> pg_backend_pid()`,
  );
  return row?.running ?? 0;
}

test.each([
  [EXACT, '`count(limit:)`'],
  ['{ orders(first: 0) { count(limit: 100000) { value } } }', 'a smaller `limit`'],
])('%s ends at the time limit of counts with an error that suggests %s', async (query, remedy) => {
  await createdOrder(server);
  const release = await lockTable(database, 'orders');
  try {
    const { status, errors } = await server.request(query);
    expect([status, errors?.[0]?.extensions.code]).toEqual([400, 'COUNT_TIMEOUT']);
    expect(errors?.[0]?.message).toContain(remedy);
    await expect.poll(running).toBe(0);
  } finally {
    await release();
  }
  expect((await server.request(query)).errors).toBeUndefined();
  expect(server.logged).toEqual([]);
});

test('a running count is cancelled when all of its callers have disconnected', async () => {
  const release = await lockTable(database, 'orders');
  try {
    const body = JSON.stringify({ query: EXACT });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    const clients = [new AbortController(), new AbortController()];
    const requests = Promise.allSettled(clients.map(({ signal }) => fetch(patient.url, { ...init, signal })));
    await expect.poll(running).toBeGreaterThan(0);
    clients[0]?.abort();
    await patient.get('{ __typename }'); // the server processes the disconnection before this request
    expect(await running()).toBeGreaterThan(0);
    clients[1]?.abort();
    await requests;
    await expect.poll(running).toBe(0);
  } finally {
    await release();
  }
  expect((await patient.request(EXACT)).errors).toBeUndefined();
  expect(patient.logged).toEqual([]);
});

test('a cancelled count does not affect later statements of its connection', async () => {
  const release = await lockTable(database, 'orders');
  const results = await Promise.all(Array.from({ length: 5 }, () => viaProxy.request(EXACT)));
  await release();
  expect(results.map(({ errors }) => errors?.[0]?.extensions.code)).toEqual(
    Array.from({ length: 5 }, () => 'COUNT_TIMEOUT'),
  );
  for (let index = 0; index < 20; index += 1) expect((await viaProxy.request(EXACT)).errors).toBeUndefined();
});
