import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { useDatabase } from '../support/fixture.js';
import { insertEvents, insertOrders } from '../support/rows.js';

const database = useDatabase();

beforeAll(async () => {
  const id = randomUUID();
  await insertOrders(database, [{ id, total: 300 }]);
  await insertEvents(database, [{ orderId: id, version: 1, type: 'CREATED', to: 'PENDING' }]);
  await database.sql("INSERT INTO order_items SELECT id, 1, NULL, NULL, 'Tea', 3, 100, 300 FROM orders");
});

const CHANGED = "UPDATE order_events SET type = 'STATUS_CHANGED', version = 2";

/** Statements that each break exactly one constraint, by constraint. */
const CASES: readonly (readonly [string, string])[] = [
  ['orders_total_is_sum', 'UPDATE orders SET total = total + 1'],
  ['orders_total_is_sum', 'UPDATE orders SET discount = 1'],
  ['orders_money_not_negative', 'UPDATE orders SET subtotal = -1, total = -1'],
  ['orders_money_not_negative', 'UPDATE orders SET shipping = -1, total = total - 1'],
  ['orders_money_not_negative', 'UPDATE orders SET tax = -1, total = total - 1'],
  ['orders_money_not_negative', 'UPDATE orders SET discount = -1, total = total + 1'],
  ['orders_money_not_negative', 'UPDATE orders SET discount = 301, total = -1'],
  ['orders_currency_is_code', "UPDATE orders SET currency = 'usd'"],
  ['orders_currency_is_code', "UPDATE orders SET currency = 'USDX'"],
  ['orders_version_from_one', 'UPDATE orders SET version = 0'],
  ['orders_updated_after_created', "UPDATE orders SET updated_at = created_at - interval '1 second'"],
  ['orders_completed_at_with_status', 'UPDATE orders SET completed_at = now()'],
  ['orders_completed_at_with_status', "UPDATE orders SET status = 'COMPLETED'"],
  ['orders_cancelled_at_with_status', 'UPDATE orders SET cancelled_at = now()'],
  ['orders_cancelled_at_with_status', "UPDATE orders SET status = 'CANCELLED'"],
  ['orders_cancel_reason_with_status', "UPDATE orders SET cancel_reason = 'OTHER'"],
  ['orders_metadata_is_object', "UPDATE orders SET metadata = '[]'"],
  ['orders_metadata_is_object', "UPDATE orders SET metadata = 'null'"],
  ['order_items_position_from_one', 'UPDATE order_items SET position = 0'],
  ['order_items_quantity_positive', 'UPDATE order_items SET quantity = 0, subtotal = 0'],
  ['order_items_price_not_negative', 'UPDATE order_items SET unit_price = -1, subtotal = -3'],
  ['order_items_subtotal_is_product', 'UPDATE order_items SET subtotal = 5'],
  ['order_items_order_id_fkey', 'UPDATE order_items SET order_id = gen_random_uuid()'],
  ['order_events_version_from_one', "UPDATE order_events SET version = 0, type = 'UPDATED'"],
  ['order_events_created_is_first', 'UPDATE order_events SET version = 2'],
  ['order_events_created_is_first', "UPDATE order_events SET type = 'UPDATED'"],
  ['order_events_created_has_no_from', "UPDATE order_events SET from_status = 'PENDING'"],
  ['order_events_created_has_no_from', 'UPDATE order_events SET to_status = NULL'],
  ['order_events_change_has_both', CHANGED],
  ['order_events_change_has_both', `${CHANGED}, from_status = 'PENDING', to_status = NULL`],
  ['order_events_change_has_both', `${CHANGED}, from_status = 'PENDING', to_status = 'PENDING'`],
  ['order_events_position_from_one', 'UPDATE order_events SET position = 0'],
  ['order_events_key_with_fingerprint', "UPDATE order_events SET command_key = '\\x01'"],
  ['order_events_key_with_fingerprint', "UPDATE order_events SET command_fingerprint = '\\x01'"],
  ['order_events_order_id_fkey', 'UPDATE order_events SET order_id = gen_random_uuid()'],
  ['event_sequencer_one_row', 'INSERT INTO event_sequencer VALUES (2)'],
];

test.each(CASES)('%s rejects: %s', async (constraint, sql) => {
  await expect(database.sql(sql)).rejects.toMatchObject({ constraint });
});

test('every check and every foreign key of the database rejects its statements', async () => {
  const rows = await database.sql<{ name: string }>(
    `SELECT conname AS name FROM pg_constraint
     WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace ORDER BY conname COLLATE "C"`,
  );
  expect(rows.map(({ name }) => name)).toEqual([...new Set(CASES.map(([name]) => name))].sort());
});

test('a row of orders can be deleted only after its items and events', async () => {
  await expect(database.sql('DELETE FROM orders')).rejects.toThrow(/violates/);
});

test('a case-insensitive search by e-mail address can use an index', async () => {
  const client = await database.connect();
  await client.query('SET enable_seqscan = off');
  const { rows } = await client.query<Record<string, string>>(`EXPLAIN SELECT id FROM orders o
    WHERE o.deleted_at IS NULL AND lower(o.customer_email) ~>=~ 'ann' AND lower(o.customer_email) ~<~ 'ano'`);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toMatch(/Index Cond: .*lower\(customer_email\) ~>=~/);
});
