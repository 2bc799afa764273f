import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { useDatabase, useProxy, useServer } from '../support/fixture.js';
import { freePort } from '../support/process.js';
import { CREATE_ORDER, TEA } from '../support/order-documents.js';
import { createdOrder } from '../support/order-requests.js';

const MAX_LINE_BYTES = 4_096;
const PERSON = { customerName: 'Philomena Quartermain', customerEmail: 'philomena.quartermain@example.org' };
const SERVICE_PASSWORD = 'service-pass-5521';

const database = useDatabase();
const proxy = useProxy(database);
const server = useServer(proxy, {
  REQUEST_DEADLINE_MS: '2000',
  PRODUCT_SERVICE_URL: `http://shop:${SERVICE_PASSWORD}@127.0.0.1:${await freePort()}`,
  PRODUCT_SERVICE_RETRIES: '0',
  PRODUCT_SERVICE_BREAKER_FAILURES: '1',
});

async function createFor(person: object, more: object = {}): Promise<string> {
  const response = await server.request(CREATE_ORDER, { input: { items: [TEA], ...person, ...more } });
  return response.errors?.[0]?.extensions.code ?? 'done';
}

/** Waits until the server has logged a line with this text. `repeat` causes the line again. */
async function logged(part: string, repeat: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
  const isLogged = async () => {
    if (server.logLines.some((line) => line.includes(part))) return true;
    await repeat();
    return false;
  };
  await expect.poll(isLogged, { timeout: 20_000 }).toBe(true);
}

test('every log line is small JSON without statements, connections, passwords or personal data, also under faults', async () => {
  await createdOrder(server, { items: [TEA], ...PERSON });

  // The error detail of a rejected row repeats the row.
  await database.sql("ALTER TABLE orders ADD CONSTRAINT of_the_test CHECK (notes <> 'poison')");
  expect(await createFor(PERSON, { notes: 'poison' })).toBe('INTERNAL_SERVER_ERROR');
  await logged('of_the_test');

  // The message of a data exception repeats the value.
  await database.sql(`CREATE FUNCTION reject() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM NEW.customer_name::int; RETURN NEW; END $$`);
  await database.sql(`CREATE TRIGGER reject BEFORE INSERT ON orders FOR EACH ROW
    WHEN (NEW.notes = 'no number') EXECUTE FUNCTION reject()`);
  expect(await createFor(PERSON, { notes: 'no number' })).toBe('INTERNAL_SERVER_ERROR');
  await logged('"sqlState":"22P02"');

  // An invalid statement.
  await database.sql('ALTER TABLE order_items RENAME TO order_items_renamed');
  expect(await createFor(PERSON)).toBe('INTERNAL_SERVER_ERROR');
  await database.sql('ALTER TABLE order_items_renamed RENAME TO order_items');
  await logged('"sqlState":"42P01"');

  // An unreachable product service with a password in its URL.
  await createFor(PERSON, { items: [{ productId: 'p1', quantity: 1 }] });
  await logged('product service failed');

  // Terminated idle connections, and the listening connection.
  const terminate = async () => {
    await server.request('{ orders { totalCount } }');
    await database.sql(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
  };
  await logged('database connection lost', terminate);
  await logged('LISTEN connection lost; polling until it is restored', terminate);

  // A connection cut during a transaction, and an unreachable database.
  proxy.atCommit('cut-after');
  expect(await createFor(PERSON)).toBe('done');
  await logged('COMMIT outcome unknown');
  proxy.down();
  expect(await createFor(PERSON)).toBe('SERVICE_UNAVAILABLE');
  expect((await server.request('query ($id: ID!) { order(id: $id) { id } }', { id: randomUUID() })).status).toBe(503);
  proxy.up();
  await logged('database read failed');

  const forbidden = [
    PERSON.customerName,
    PERSON.customerEmail,
    SERVICE_PASSWORD,
    TEA.name,
    'processID',
    'secretKey',
    '_events',
    new URL(database.url).password,
  ].filter((text) => text !== '');
  expect(server.logLines.length).toBeGreaterThan(5);
  for (const line of server.logLines) {
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(MAX_LINE_BYTES);
    expect(line.trimEnd()).not.toContain('\n');
    expect(JSON.parse(line)).toMatchObject({ service: 'ordergraph', msg: expect.any(String) as string });
    expect(line).not.toMatch(/\b(SELECT|INSERT INTO|UPDATE \w+ |DELETE FROM)\b/);
    for (const text of forbidden) expect(line).not.toContain(text);
  }
});

test('a lasting failure of a background loop is logged once', async () => {
  await database.sql('ALTER TABLE event_sequencer RENAME TO event_sequencer_away');
  await database.sql('ALTER TABLE order_events RENAME TO order_events_away');
  const failing = () =>
    database.sql<{ rollbacks: string }>(
      'SELECT xact_rollback AS rollbacks FROM pg_stat_database WHERE datname = current_database()',
    );
  const [first] = await failing();
  await expect
    .poll(async () => Number((await failing())[0]?.rollbacks) - Number(first?.rollbacks), { timeout: 20_000 })
    .toBeGreaterThan(10); // the loops poll every 200 ms
  await database.sql('ALTER TABLE order_events_away RENAME TO order_events');
  await database.sql('ALTER TABLE event_sequencer_away RENAME TO event_sequencer');
  const lines = server.logLines.filter((line) => line.includes('poll failed'));
  const loops = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(loops.length).toBeGreaterThan(0);
  expect(loops.length).toBeLessThanOrEqual(2 * new Set(loops).size); // a second line if the test takes a minute
});
