// The orders that are stored before the measurement, by SQL, with three items each.
import { setTimeout as sleep } from 'node:timers/promises';
import { runSql } from '../temporary-postgres.ts';
import type { Cell, Load, PreparedCell } from './cells.ts';

export const SEEDED_ORDERS = 20_000;

/** The orders of a generated series, as rows that the databases of all contestants can be filled from. */
const SERIES = `
  SELECT gen_random_uuid() AS id, n, 'customer-' || n % 1000 AS customer_id, 'Customer ' || n AS customer_name,
    timestamptz '2026-01-01' + n * interval '1 second' AS created_at
  FROM generate_series(1, $1::integer) AS n`;

const ITEM = `CROSS JOIN generate_series(1, 3) AS p`;

/** Into the tables of load/baseline/ordinary. */
export const SEED_ORDINARY = `
WITH series AS MATERIALIZED (${SERIES}), created AS (
  INSERT INTO orders (id, customer_id, customer_name, currency, total, created_at, updated_at)
  SELECT id, customer_id, customer_name, 'USD', 25.20, created_at, created_at FROM series
)
INSERT INTO order_items (order_id, product_id, name, quantity, unit_price)
SELECT id, 'product-' || p, 'Product ' || p, p, 4.20 FROM series ${ITEM}`;

/** Into the tables of Ordergraph: the columns that its versions have in common. */
export const SEED_ORDERGRAPH = `
WITH series AS MATERIALIZED (${SERIES}), created AS (
  INSERT INTO orders (id, customer_id, customer_name, status, currency, subtotal, total, fingerprint, created_at, updated_at)
  SELECT id, customer_id, customer_name, 'PENDING', 'USD', 2520, 2520, '', created_at, created_at FROM series
), items AS (
  INSERT INTO order_items (order_id, position, product_id, name, quantity, unit_price, subtotal)
  SELECT id, p, 'product-' || p, 'Product ' || p, p, 420, 420 * p FROM series ${ITEM}
)
INSERT INTO order_events (order_id, version, type, to_status, changed_fields, actor_kind, command_id, customer_id, payload,
  occurred_at)
SELECT id, 1, 'CREATED', 'PENDING', '{}', 'system', gen_random_uuid(), customer_id,
  jsonb_build_object('currency', 'USD', 'status', 'PENDING', 'totalMinor', '2520'), created_at
FROM series`;

/** The orders of a database, as the cells need them. */
export interface StoredOrders {
  seed(count: number): Promise<void>;
  /** Ids of random orders. */
  ids(count: number): Promise<readonly string[]>;
  /** Changes that the lifecycle allows, each order in its sequence, as far apart as possible. */
  changes(count: number): Promise<readonly (readonly [id: string, status: string])[]>;
  /** Compares what is written from now on with the answers. */
  verifier(cell: Cell, load: Load): Promise<PreparedCell['verify']>;
}

/** @param seed the statement that stores `$1` orders */
export function storedOrders(url: string, seed: string): StoredOrders {
  const stored: StoredOrders = {
    async seed(count) {
      await runSql(url, seed, [count]);
    },
    async ids(count) {
      const rows = await runSql<{ id: string }>(url, 'SELECT id FROM orders ORDER BY random() LIMIT $1', [count]);
      return rows.map(({ id }) => id);
    },
    async changes(count) {
      const rows = await runSql<{ id: string; status: string }>(url, CHANGES, [count]);
      if (rows.length >= count) return rows.map(({ id, status }) => [id, status]);
      await stored.seed(Math.ceil((count - rows.length) / STEPS));
      return stored.changes(count);
    },
    async verifier(cell, { callers }) {
      const statement = { create: 'count(*)', status: 'sum(version)', get: null, list: null, pages: null }[cell];
      if (statement === null) return () => Promise.resolve(null);
      const read = async () => {
        const [row] = await runSql<{ value: number }>(url, `SELECT ${statement}::integer AS value FROM orders`);
        return row?.value ?? 0;
      };
      const before = await read();
      return async ({ answers }) => {
        await sleep(200);
        const written = (await read()) - before;
        // Requests that were in flight at the end may have been stored without an answer.
        if (written >= answers && written <= answers + callers) return null;
        return `${written} orders were written for ${answers} answers`;
      };
    },
  };
  return stored;
}

/** Status changes of a whole lifecycle. */
const STEPS = 5;

const CHANGES = `
WITH steps (status, step) AS (
  VALUES ('PENDING', 0), ('CONFIRMED', 1), ('PROCESSING', 2), ('SHIPPED', 3), ('DELIVERED', 4), ('COMPLETED', 5)
)
SELECT o.id, next.status
FROM orders o
JOIN steps AS current ON current.status = o.status::text
JOIN steps AS next ON next.step > current.step
ORDER BY next.step - current.step, o.id
LIMIT $1`;
