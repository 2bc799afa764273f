import { expect, test } from 'vitest';
import { runCli } from '../support/cli.js';
import { databaseForTest, serverForTest } from '../support/fixture.js';
import type { TestDatabase } from '../support/database.js';

const UNTIL = ['--until', '2026-11-01', '--since', '1y'];

function seed(database: TestDatabase, ...words: readonly string[]) {
  return runCli(['seed', ...UNTIL, ...words], { DATABASE_URL: database.url });
}

/** All columns of orders, items and events besides those that the database assigns, and the ids. */
const CONTENT = `
SELECT to_jsonb(o) - '{id,number,created_at,updated_at}'::text[] AS "order",
  (SELECT jsonb_agg(to_jsonb(i) - 'order_id' ORDER BY i.position) FROM order_items i WHERE i.order_id = o.id) AS items,
  (SELECT jsonb_agg(to_jsonb(e) - '{order_id,command_id,occurred_at,position,actor,actor_kind}'::text[]) FROM order_events e WHERE e.order_id = o.id) AS events
FROM orders o WHERE o.external_reference = $1 AND o.customer_id IS NOT DISTINCT FROM $2`;

interface Seeded {
  readonly customer_id: string | null;
  readonly customer_name: string;
  readonly customer_email: string;
  readonly currency: string;
  readonly notes: string | null;
  readonly external_reference: string;
  readonly shipping_address: object;
  readonly billing_address: object | null;
  readonly metadata: object;
}

interface Amount {
  readonly amount: string;
}

interface Stored {
  readonly shipping: Amount;
  readonly tax: Amount;
  readonly discount: Amount;
  readonly items: readonly { readonly unitPrice: Amount }[];
}

const READ = `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Order {
  shipping { amount } tax { amount } discount { amount } items { name sku productId quantity unitPrice { amount } }
} } }`;

const CREATE = `mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id } userErrors { message } } }`;

test('a seeded order has the rows of an order that the API has created', async () => {
  const [database, other] = [await databaseForTest(), await databaseForTest()];
  const server = await serverForTest(database);
  const [secret] = await database.sql<{ value: string }>("SELECT encode(value, 'hex') AS value FROM server_secrets");
  await other.sql("INSERT INTO server_secrets (name, value) VALUES ('fingerprint', decode($1, 'hex'))", [
    secret?.value,
  ]);
  expect(await seed(other, '--orders', '300', '--since', '1h', '--seed', 'x')).toMatchObject({ code: 0, stderr: '' });
  const pending = await other.sql<Seeded & { id: string }>(
    'SELECT * FROM orders WHERE version = 1 AND external_reference IS NOT NULL ORDER BY id LIMIT 20',
  );
  expect(pending.length).toBe(20);
  const stored = await (
    await serverForTest(other)
  ).get<{ nodes: readonly Stored[] }>(READ, { ids: pending.map(({ id }) => id) });
  for (const [index, order] of pending.entries()) {
    const api = stored.nodes[index];
    const input = {
      customerId: order.customer_id,
      customerName: order.customer_name,
      customerEmail: order.customer_email,
      currency: order.currency,
      notes: order.notes,
      externalReference: order.external_reference,
      shippingAddress: order.shipping_address,
      billingAddress: order.billing_address,
      metadata: order.metadata,
      shipping: api?.shipping.amount,
      tax: api?.tax.amount,
      discount: api?.discount.amount,
      items: api?.items.map(({ unitPrice, ...item }) => ({ ...item, unitPrice: unitPrice.amount })),
    };
    const { createOrder } = await server.get<{ createOrder: object }>(CREATE, { input });
    expect(createOrder).toMatchObject({ userErrors: [] });
    const keys = [order.external_reference, order.customer_id];
    const [seeded] = await other.sql(CONTENT, keys);
    expect(seeded).toBeDefined();
    expect([seeded]).toEqual(await database.sql(CONTENT, keys));
  }
});

const INCONSISTENT = `
SELECT o.id FROM orders o JOIN LATERAL (
  SELECT count(*) AS count, max(e.version) AS version, max(e.occurred_at) AS at,
    (array_agg(e.to_status ORDER BY e.version DESC) FILTER (WHERE e.to_status IS NOT NULL))[1] AS status,
    bool_or(e.type = 'DELETED') AS is_deleted
  FROM order_events e WHERE e.order_id = o.id
) e ON true
LEFT JOIN LATERAL (SELECT sum(i.subtotal) AS subtotal FROM order_items i WHERE i.order_id = o.id) i ON true
WHERE e.count <> o.version OR e.version <> o.version OR e.at <> o.updated_at OR e.status <> o.status
  OR e.is_deleted <> (o.deleted_at IS NOT NULL) OR (i.subtotal IS DISTINCT FROM o.subtotal AND o.deleted_at IS NULL)
  OR (o.external_reference IS NOT NULL) <> EXISTS (SELECT FROM order_references r WHERE r.order_id = o.id)`;

const STATISTICS = `
SELECT
  (SELECT jsonb_agg(to_jsonb(s) ORDER BY to_jsonb(s)::text) FROM order_stats s WHERE s.count <> 0) AS stats,
  (SELECT jsonb_agg(to_jsonb(d) ORDER BY to_jsonb(d)::text) FROM order_stats_durations d WHERE d.count <> 0) AS durations`;

test.each([['empty'], ['used']])('the rows of a seeded %s database agree with each other', async (state) => {
  const database = await databaseForTest();
  const server = state === 'used' ? await serverForTest(database) : null;
  const before = await indexesOf(database);
  const { code, stdout, stderr } = await seed(database, '--orders', '2500', '--json');
  expect([code, stderr]).toEqual([0, '']);
  const { events } = JSON.parse(stdout) as { events: number };
  expect(await database.sql(INCONSISTENT)).toEqual([]);
  expect(await indexesOf(database)).toEqual(before);
  const [log] = await database.sql(
    'SELECT count(*)::int, count(DISTINCT position)::int AS places, max(position)::int FROM order_events',
  );
  expect(log).toEqual({ count: events, places: events, max: events });
  const position = () => database.sql("SELECT position::int FROM event_consumers WHERE name = 'order-statistics'");
  if (server !== null) await runCli(['consumers', 'rebuild', 'order-statistics'], { DATABASE_URL: database.url });
  expect(await position()).toEqual([{ position: events }]);
  const projected = await database.sql(STATISTICS);
  const rebuilt = await runCli(['consumers', 'rebuild', 'order-statistics'], { DATABASE_URL: database.url });
  expect(rebuilt.code).toBe(0);
  expect(await database.sql(STATISTICS)).toEqual(projected);
  const [counted] = await database.sql(
    "SELECT (SELECT sum(count)::int FROM order_stats WHERE grain = 'ALL') AS stats, (SELECT count(*)::int FROM orders WHERE deleted_at IS NULL) AS orders",
  );
  expect(counted).toMatchObject({ stats: (counted as { orders: number }).orders });
});

test('rows that are seeded beside a server refer to orders', async () => {
  const database = await databaseForTest();
  await serverForTest(database);
  expect(await seed(database, '--orders', '2500')).toMatchObject({ code: 0 });
  for (const table of ['order_items', 'order_events', 'order_references']) {
    const orphans = `SELECT FROM ${table} r WHERE NOT EXISTS (SELECT FROM orders o WHERE o.id = r.order_id)`;
    expect([table, await database.sql(orphans)]).toEqual([table, []]);
  }
});

function indexesOf(database: TestDatabase) {
  return database.sql(
    "SELECT pg_get_indexdef(indexrelid) AS text FROM pg_index WHERE indrelid::regclass::text IN ('orders', 'order_items', 'order_events', 'order_references') UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' ORDER BY text",
  );
}

test('a seed generates the same orders again, and is not stored twice', async () => {
  const [one, two] = [await databaseForTest(), await databaseForTest()];
  const digest = "SELECT md5(string_agg(id::text || status || total, ',' ORDER BY id)) AS digest FROM orders";
  for (const database of [one, two]) await seed(database, '--orders', '500', '--seed', 'demo');
  expect(await one.sql(digest)).toEqual(await two.sql(digest));
  expect(await seed(one, '--orders', '500', '--seed', 'demo')).toMatchObject({
    code: 1,
    stderr: 'Orders of the seed demo are in the database. Set another --seed, or none.\n',
  });
  expect(await seed(one, '--orders', '5')).toMatchObject({ code: 0 });
});

test('a database with orders of others is seeded only with --yes', async () => {
  const database = await databaseForTest();
  const server = await serverForTest(database);
  await server.get('mutation { createOrder(input: { items: [{ name: "Tea", unitPrice: 1 }] }) { order { id } } }');
  const rejected = await seed(database, '--orders', '5');
  expect(rejected).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^The database has orders that seed did not write\./),
  });
  expect(await seed(database, '--orders', '5', '--yes')).toMatchObject({ code: 0 });
  expect(await database.sql('SELECT count(*)::int AS count FROM orders')).toEqual([{ count: 6 }]);
});
