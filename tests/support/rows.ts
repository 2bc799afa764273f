import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import type { TestDatabase } from './database.js';

/* Inserts rows without the server: states that requests cannot produce, or large numbers of rows. */

/** A database, or a connection whose transaction includes the rows. */
type Target = TestDatabase | Client;

export interface OrderRow {
  readonly id: string;
  readonly number: number;
  readonly customerId: string | null;
  readonly email: string | null;
  readonly reference: string | null;
  readonly status: string;
  readonly currency: string;
  /** In minor units of the currency. */
  readonly total: number;
  readonly version?: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt?: Date;
}

export interface EventRow {
  readonly orderId: string;
  readonly version: number;
  readonly type: string;
  readonly from?: string | null;
  readonly to?: string | null;
  readonly payload?: object;
  readonly occurredAt?: Date;
  /** The hash of an idempotency key. */
  readonly commandKey?: Buffer;
}

/** The maximum number of rows of one statement, which bounds the size of its parameter. */
const CHUNK = 20_000;

/** Inserts orders without items, events and references. The default is a pending order of 0 USD created now. */
export async function insertOrders(
  target: Target,
  rows: readonly (Partial<OrderRow> & Pick<OrderRow, 'id'>)[],
): Promise<void> {
  const [first, rest] = [rows.slice(0, CHUNK), rows.slice(CHUNK)];
  await run(
    target,
    `INSERT INTO orders (id, number, customer_id, customer_email, external_reference, status, currency, subtotal, total,
       fingerprint, version, created_at, updated_at, completed_at, cancelled_at, deleted_at)
     SELECT r.id, coalesce(r.number, nextval('order_number')), r."customerId", r.email, r.reference, r.status, r.currency,
       r.total, r.total, '', r.version, r."createdAt", r."updatedAt", CASE WHEN r.status = 'COMPLETED' THEN r."updatedAt" END,
       CASE WHEN r.status = 'CANCELLED' THEN r."updatedAt" END, r."deletedAt"
     FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, number bigint, "customerId" text, email text, reference text,
       status order_status, currency text, total bigint, version int, "createdAt" timestamptz, "updatedAt" timestamptz,
       "deletedAt" timestamptz)`,
    [JSON.stringify(first.map(withDefaults))],
  );
  if (rest.length > 0) await insertOrders(target, rest);
}

function withDefaults(row: Partial<OrderRow>) {
  const createdAt = row.createdAt ?? new Date();
  return { status: 'PENDING', currency: 'USD', total: 0, version: 1, createdAt, updatedAt: createdAt, ...row };
}

/** Inserts events without positions. */
export async function insertEvents(target: Target, rows: readonly EventRow[]): Promise<void> {
  await run(
    target,
    `INSERT INTO order_events (order_id, version, type, from_status, to_status, changed_fields, actor_kind, command_id,
       payload, occurred_at, command_key, command_fingerprint)
     SELECT r."orderId", r.version, r.type, r."from", r."to", '{}', 'system', gen_random_uuid(), coalesce(r.payload, '{}'),
       coalesce(r."occurredAt", clock_timestamp()), decode(r.key, 'hex'), CASE WHEN r.key IS NOT NULL THEN ''::bytea END
     FROM jsonb_to_recordset($1::jsonb) AS r("orderId" uuid, version int, type order_event_type, "from" order_status,
       "to" order_status, payload jsonb, "occurredAt" timestamptz, key text)`,
    [JSON.stringify(rows.map(({ commandKey, ...row }) => ({ ...row, key: commandKey?.toString('hex') })))],
  );
}

/** Inserts pending orders with CREATED events without positions, as left by a process that was killed. */
export async function insertCreated(target: Target, ids: readonly string[], occurredAt?: Date): Promise<void> {
  await run(
    target,
    `WITH stored AS (
       INSERT INTO orders (id, status, currency, subtotal, total, fingerprint, created_at, updated_at)
       SELECT id, 'PENDING', 'USD', 0, 0, '', now(), now() FROM unnest($1::uuid[]) AS id RETURNING *)
     INSERT INTO order_events (order_id, version, type, to_status, changed_fields, actor_kind, command_id, payload, occurred_at)
     SELECT id, 1, 'CREATED', 'PENDING', '{}', 'system', gen_random_uuid(),
       jsonb_build_object('currency', currency, 'totalMinor', '0', 'createdAt', created_at, 'status', status),
       coalesce($2, clock_timestamp())
     FROM stored`,
    [ids, occurredAt],
  );
}

export function randomIds(count: number): string[] {
  return Array.from({ length: count }, () => randomUUID());
}

/** Locks orders until the transaction of the connection ends. */
export async function lockOrders(client: Client, ids: readonly string[]): Promise<void> {
  await client.query('SELECT 1 FROM orders WHERE id = any($1::uuid[]) FOR UPDATE', [ids]);
}

/** Claims the references for new order ids. Other claims wait until the transaction of the connection ends. */
export async function claimReferences(
  client: Client,
  customerId: string,
  references: readonly string[],
): Promise<void> {
  await client.query(
    'INSERT INTO order_references SELECT $1, reference, gen_random_uuid() FROM unnest($2::text[]) AS reference',
    [customerId, references],
  );
}

async function run(target: Target, text: string, values: unknown[]): Promise<void> {
  if ('query' in target) await target.query(text, values);
  else await target.sql(text, values);
}
