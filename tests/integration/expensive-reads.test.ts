import { expect, test } from 'vitest';
import { useDatabase, useProxy, useServer } from '../support/fixture.js';
import { lockTable } from '../support/locks.js';
import { createdOrder } from '../support/order-requests.js';

const EXPENSIVE_LANES = 2;

const database = useDatabase();
const proxy = useProxy(database);
const server = useServer(proxy, {
  READ_EXPENSIVE_LANES: String(EXPENSIVE_LANES),
  DATABASE_LOCK_TIMEOUT_MS: '30000',
  DATABASE_STATEMENT_TIMEOUT_MS: '30000',
  REQUEST_DEADLINE_MS: '30000',
  COUNT_TIMEOUT_MS: '30000',
});

/** Forty different exact counts. */
function counts(request: number): string {
  const one = (index: number) =>
    `a${index}: orders(where: { currency: "USD", total: { gte: "${request * 40 + index}" } }) { totalCount }`;
  return `{ ${Array.from({ length: 40 }, (_, index) => one(index)).join(' ')} }`;
}

/** The numbers of statements on orders that wait for the lock of the test. */
async function blocked(): Promise<{ readonly counts: number; readonly others: number }> {
  const [row] = await database.sql<{ counts: number; others: number }>(
    `SELECT count(*) FILTER (WHERE query LIKE '%count(*)%')::int AS counts,
       count(*) FILTER (WHERE query NOT LIKE '%count(*)%')::int AS others
     FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%orders%'`,
  );
  return row ?? { counts: 0, others: 0 };
}

test('counts use only their own lanes, one statement each, and end when their callers disconnect', async () => {
  const { id } = await createdOrder(server);
  const release = await lockTable(database, 'orders');
  const before = proxy.statements.length;
  const clients = new AbortController();
  const requests = Array.from({ length: 6 }, async (_, request) =>
    fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: counts(request) }),
      signal: clients.signal,
    }),
  );
  await expect.poll(blocked).toEqual({ counts: EXPENSIVE_LANES, others: 0 });
  const order = server.get('query ($id: ID!) { order(id: $id) { id } }', { id });
  await expect.poll(blocked).toEqual({ counts: EXPENSIVE_LANES, others: 1 });

  clients.abort();
  await Promise.allSettled(requests);
  await server.get('{ __typename }'); // the server processes the disconnections before this request
  await release();
  expect(await order).toEqual({ order: { id } });
  const { orders } = await server.get<{ orders: { totalCount: number } }>('{ orders { totalCount } }');
  expect(orders.totalCount).toBe(1);
  const run = proxy.statements.slice(before).filter((sql) => /count\(\*\).*\borders\b/s.test(sql));
  expect(run).toHaveLength(EXPENSIVE_LANES + 1); // the last one is the request above
});
