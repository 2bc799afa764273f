import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { StartupError } from '../startup-error.js';
import type { Migration } from './migration-files.js';

/*
 * The table `_prisma_migrations`, written as Prisma Migrate writes it, so that `prisma migrate` and `npm run migrate` read
 * each other's state.
 */

const CREATE_HISTORY = `
CREATE TABLE _prisma_migrations (
  id                  VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum            VARCHAR(64) NOT NULL,
  finished_at         TIMESTAMPTZ,
  migration_name      VARCHAR(255) NOT NULL,
  logs                TEXT,
  rolled_back_at      TIMESTAMPTZ,
  started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

/** Tables, views and sequences count; those of an extension do not. */
const READ_STATE = `
SELECT to_regclass('_prisma_migrations') IS NOT NULL AS "hasHistory",
  NOT EXISTS (
    SELECT 1 FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND NOT EXISTS (
        SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ) AS "isEmpty"`;

/**
 * Creates the table if it is missing.
 *
 * @throws StartupError if the database has other tables
 */
export async function ensureHistory(client: Client): Promise<void> {
  const { rows } = await client.query<{ hasHistory: boolean; isEmpty: boolean }>(READ_STATE);
  if (rows[0]?.hasHistory === true) return;
  if (rows[0]?.isEmpty !== true) {
    throw new StartupError(
      'The database has tables but no migration history (_prisma_migrations). Set DATABASE_URL to an empty database.',
    );
  }
  await client.query(CREATE_HISTORY);
}

/** Selects the name and the checksum of each applied migration. */
export const SELECT_APPLIED = `
SELECT migration_name AS name, checksum FROM _prisma_migrations
WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`;

export type AppliedMigration = Pick<Migration, 'name' | 'checksum'>;

/** @returns the id of the new row */
export async function recordStart(client: Client, { name, checksum }: Migration): Promise<string> {
  const id = randomUUID();
  await client.query(
    'INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ($1, $2, $3, clock_timestamp())',
    [id, checksum, name],
  );
  return id;
}

/** Records that the migration is applied. A text without parameters, so that it can be sent together with a script. */
export function finishOf(id: string): string {
  return `UPDATE _prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE id = '${id}'`;
}

/** Records why the migration failed, for `prisma migrate status`. */
export async function recordFailure(client: Client, id: string, reason: string): Promise<void> {
  await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, reason]);
}

/** Marks attempts that failed, or whose process was killed, as rolled back: each migration can be applied again. */
export async function rollBackUnfinished(client: Client): Promise<void> {
  await client.query(
    'UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL',
  );
}
