import type { TestDatabase } from './database.js';

/** A row of `orders` as tests make it, past the server. */
export interface OrderRow {
  readonly id: string;
  readonly number: number;
  readonly customerId: string | null;
  readonly email: string | null;
  readonly reference: string | null;
  readonly status: string;
  readonly currency: string;
  readonly total: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt?: Date;
}

/** Stores rows of orders without items and events: enough for what lists and counts. */
export async function insertRows(database: TestDatabase, rows: readonly OrderRow[]): Promise<void> {
  await database.sql(
    `INSERT INTO orders (id, number, customer_id, customer_email, external_reference, status, currency, subtotal, total,
       fingerprint, created_at, updated_at, completed_at, cancelled_at, deleted_at)
     SELECT r.id, r.number, r."customerId", r.email, r.reference, r.status, r.currency, r.total, r.total, '', r."createdAt",
       r."updatedAt", CASE WHEN r.status = 'COMPLETED' THEN r."updatedAt" END,
       CASE WHEN r.status = 'CANCELLED' THEN r."updatedAt" END, r."deletedAt"
     FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, number bigint, "customerId" text, email text, reference text,
       status order_status, currency text, total bigint, "createdAt" timestamptz, "updatedAt" timestamptz, "deletedAt" timestamptz)`,
    [JSON.stringify(rows)],
  );
}
