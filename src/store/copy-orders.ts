import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { COPY_STATEMENTS, type CopiedTable } from './copy-rows.js';

const TABLES = Object.keys(COPY_STATEMENTS) as CopiedTable[];

/** Stores orders with COPY, in the transaction of the client. @param lines of `copyLines` */
export async function copyOrders(client: Client, lines: Readonly<Record<CopiedTable, string>>): Promise<void> {
  for (const table of TABLES) {
    if (lines[table] !== '')
      await pipeline(Readable.from([lines[table]]), client.query(copyFrom(COPY_STATEMENTS[table])));
  }
}

/**
 * Runs work on empty tables without their foreign keys and secondary indexes, and creates them again: this stores rows
 * faster, because an index is built faster than it is maintained. Everything is one transaction: a failure changes nothing.
 *
 * @returns null if another session uses the tables, or they are not empty
 */
export async function withoutIndexes<T>(client: Client, work: () => Promise<T>): Promise<T | null> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = '2s'; SET LOCAL maintenance_work_mem = '256MB'`);
    await client.query(`LOCK TABLE ${NAMES.join(', ')} IN ACCESS EXCLUSIVE MODE`);
    const { rows: used } = await client.query('SELECT FROM orders LIMIT 1');
    const { rows: definitions } = await client.query<{ drop: string; create: string }>(DEFINITIONS, [NAMES]);
    if (used.length > 0) {
      await client.query('ROLLBACK');
      return null;
    }
    for (const { drop } of definitions) await client.query(drop);
    const result = await work();
    for (const { create } of definitions.toReversed()) await client.query(create);
    await client.query('COMMIT');
    return result;
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => undefined); // the connection may be lost, which has the same effect
    if ((cause as { readonly code?: unknown }).code === LOCK_NOT_AVAILABLE) return null;
    throw cause;
  }
}

const LOCK_NOT_AVAILABLE = '55P03';

const NAMES = ['orders', 'order_items', 'order_events', 'order_references'];

/** Foreign keys first: they need the primary keys, which stay. */
const DEFINITIONS = `
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname) AS drop,
  format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) AS create
FROM pg_constraint c WHERE c.contype = 'f' AND c.conrelid = any($1::text[]::regclass[])
UNION ALL
SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
FROM pg_index i
WHERE i.indrelid = any($1::text[]::regclass[]) AND NOT i.indisprimary`;
