import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { startPostgresProxy, type PostgresProxy } from '../support/postgres-proxy.js';
import { create, CREATE, placed, TEA, update, type CreateAnswer } from '../support/queries.js';
import { startServer, type TestServer } from '../support/server.js';

let database: TestDatabase;
let proxy: PostgresProxy;
let server: TestServer;

beforeAll(async () => {
  database = await createDatabase();
  proxy = await startPostgresProxy(database.url);
  // Events are sequenced in transactions too; here only the writes' COMMITs shall be met.
  server = await startServer(proxy.url, {
    EVENTS_DEBOUNCE_MS: '1000',
    EVENTS_POLL_MS: '60000',
    REQUEST_DEADLINE_MS: '3000',
  });
});

afterAll(async () => {
  await server.close();
  await proxy.close();
  await database.drop();
});

describe.each(['cut-before', 'cut-after'] as const)('with the connection %s the COMMIT', (action) => {
  test('a create is settled under its id: one order, answered as new', async () => {
    const notes = `${action} create`;
    proxy.atCommit(action);
    const answer = await create(server, { idempotencyKey: notes, notes });
    expect(answer).toMatchObject({ replayed: false, userErrors: [] });
    const again = await create(server, { idempotencyKey: notes, notes });
    expect(again).toMatchObject({ replayed: true, order: answer.order });
    const rows = await database.sql('SELECT id FROM orders WHERE notes = $1', [notes]);
    expect(rows).toEqual([{ id: answer.order?.id }]);
  });

  test('a create without id or key makes one order too', async () => {
    const notes = `${action} bare`;
    proxy.atCommit(action, action);
    const answer = await create(server, { notes });
    expect(answer).toMatchObject({ replayed: false, userErrors: [] });
    expect(await database.sql('SELECT id FROM orders WHERE notes = $1', [notes])).toEqual([{ id: answer.order?.id }]);
  });

  test('a change of status is settled under its command: one event, answered as changed', async () => {
    const { id } = await placed(server);
    proxy.atCommit(action);
    const answer = await update(server, { id, status: 'CONFIRMED', expectedVersion: 1 });
    expect(answer).toMatchObject({ changed: true, userErrors: [], order: { status: 'CONFIRMED', version: 2 } });
    const events = await database.sql('SELECT version FROM order_events WHERE order_id = $1 ORDER BY version', [id]);
    expect(events).toEqual([{ version: 1 }, { version: 2 }]);
  });
});

test('where the database stays away until the deadline, the answer says that the outcome is unknown, and a retry tells it', async () => {
  const id = randomUUID();
  proxy.atCommit('down-after');
  const asking = server.ask<CreateAnswer>(CREATE, { input: { id, items: [TEA] } });
  try {
    const answer = await asking;
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).not.toBeNull();
    expect(answer.errors).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
    expect(answer.errors?.[0]?.message).toContain('unknown');
  } finally {
    proxy.up();
  }
  const again = await create(server, { id });
  expect(again).toMatchObject({ replayed: true, order: { id } });
});

test('while the database is away requests fail as retryable at once, and succeed when it is back', async () => {
  const { id } = await placed(server);
  proxy.down();
  try {
    const [created, read, ready] = await Promise.all([
      server.ask<CreateAnswer>(CREATE, { input: { items: [TEA] } }),
      server.ask('query ($id: ID!) { order(id: $id) { id } }', { id }),
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
  expect(await create(server)).toMatchObject({ replayed: false, userErrors: [] });
});
