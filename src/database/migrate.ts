import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { StartupError } from '../startup-error.js';
import { withClient } from './client.js';
import { MIGRATIONS_FOLDER, readMigrations, type Migration } from './migration-files.js';
import {
  ensureHistory,
  finishOf,
  recordFailure,
  recordStart,
  rollBackUnfinished,
  SELECT_APPLIED,
  type AppliedMigration,
} from './migration-history.js';
import { MIGRATION_LOCK_TIMEOUT_MS, runScript } from './migration-script.js';

/**
 * Applies the pending migrations, one after the other. One process migrates at a time. A migration that failed, or whose
 * process was killed, is applied again by the next call: a script is one transaction or repeatable.
 *
 * @param url a direct connection to the database, not one through a transaction pooler
 * @returns the names of the migrations that this call applied
 * @throws Error naming the migration that failed; those before it stay applied
 */
export async function migrate(url: string, folder = MIGRATIONS_FOLDER): Promise<readonly string[]> {
  const migrations = await readMigrations(folder);
  const work = async (client: Client) => {
    await lock(client);
    await ensureHistory(client);
    const { rows: applied } = await client.query<AppliedMigration>(SELECT_APPLIED);
    assertUnchanged(migrations, applied);
    await rollBackUnfinished(client);
    const pending = migrations.filter(({ name }) => !applied.some((each) => each.name === name));
    for (const migration of pending) await apply(client, migration);
    return pending.map(({ name }) => name);
  };
  return withClient(url, work, { lock_timeout: MIGRATION_LOCK_TIMEOUT_MS });
}

/** Prisma's own number, so that `prisma migrate` waits for this process and this process for it. */
const ADVISORY_LOCK = 72_707_369;

const LOCK_WAIT_MS = 60_000;
const LOCK_RETRY_MS = 200;

/**
 * Takes the lock, which ends with the session. It is tried repeatedly, not waited for in one statement: CREATE INDEX
 * CONCURRENTLY waits for older statements, so a waiting one and the process that migrates would block each other.
 */
async function lock(client: Client): Promise<void> {
  const until = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
      ADVISORY_LOCK,
    ]);
    if (rows[0]?.taken === true) return;
    if (performance.now() > until)
      throw new StartupError('Another process has held the migration lock for a minute. Check what it is waiting for.');
    await sleep(LOCK_RETRY_MS);
  }
}

/** @throws StartupError naming the applied migrations whose script is another one now */
function assertUnchanged(migrations: readonly Migration[], applied: readonly AppliedMigration[]): void {
  const checksums = new Map(applied.map(({ name, checksum }) => [name, checksum]));
  const changed = migrations.filter(({ name, checksum }) => (checksums.get(name) ?? checksum) !== checksum);
  if (changed.length === 0) return;
  const names = changed.map(({ name }) => name).join(', ');
  throw new StartupError(
    `The script of a migration has changed since it was applied to this database: ${names}. Restore the script, or use an empty database.`,
  );
}

async function apply(client: Client, migration: Migration): Promise<void> {
  const id = await recordStart(client, migration);
  try {
    await runScript((sql) => client.query(sql), migration.script, finishOf(id));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    await recordFailure(client, id, reason).catch(() => undefined); // the connection may be lost, too
    throw new Error(`The migration ${migration.name} failed: ${reason}`, { cause });
  }
}
