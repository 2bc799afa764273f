import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { COPIED_TABLES, copyStatement, type CopiedRows } from './copy-rows.js';

/**
 * Stores orders with COPY, in the transaction of the client.
 *
 * @param options of COPY, such as FREEZE
 */
export async function copyOrders(
  client: Client,
  { tables }: CopiedRows,
  options: readonly string[] = [],
): Promise<void> {
  for (const table of COPIED_TABLES) {
    await pipeline(Readable.from([tables[table]]), client.query(copyFrom(copyStatement(table, options))));
  }
}

/**
 * Runs work on empty tables without their keys and indexes, and creates them again: this stores rows faster, because an
 * index is built faster than it is maintained. Everything is one transaction: a failure changes nothing. The tables are
 * truncated, which COPY with FREEZE requires: VACUUM then has nothing to do.
 *
 * @returns null if another session uses the tables, or they are not empty
 */
export async function withoutIndexes<T>(client: Client, work: () => Promise<T>): Promise<T | null> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = '2s'; SET LOCAL maintenance_work_mem = '256MB'`);
    await client.query(`LOCK TABLE ${NAMES} IN ACCESS EXCLUSIVE MODE`);
    const { rows: used } = await client.query(USED);
    const { rows: definitions } = await client.query<{ drop: string; create: string }>(DEFINITIONS, [COPIED_TABLES]);
    if (used.length > 0) {
      await client.query('ROLLBACK');
      return null;
    }
    await client.query(`TRUNCATE ${NAMES}`);
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

const NAMES = COPIED_TABLES.join(', ');
const USED = `${COPIED_TABLES.map((table) => `(SELECT FROM ${table} LIMIT 1)`).join(' UNION ALL ')} LIMIT 1`;

/** Foreign keys first, because they need the primary keys. */
const DEFINITIONS = `
SELECT drop, "create" FROM (
  SELECT CASE c.contype WHEN 'f' THEN 1 ELSE 3 END AS step,
    format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname) AS drop,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) AS "create"
  FROM pg_constraint c WHERE c.contype IN ('f', 'p') AND c.conrelid = any($1::text[]::regclass[])
  UNION ALL
  SELECT 2, format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
  FROM pg_index i
  WHERE i.indrelid = any($1::text[]::regclass[]) AND NOT i.indisprimary
) d ORDER BY step`;
