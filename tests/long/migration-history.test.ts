import { expect, test } from 'vitest';
import { migrate } from '../../src/database/migrate.js';
import { MIGRATIONS_FOLDER, migrationNames } from '../../src/database/migration-files.js';
import { pendingMigrations } from '../../src/database/pending-migrations.js';
import { migrationList, NO_FILTER, withEngine } from '../../src/database/schema-engine.js';
import { StartupError } from '../../src/startup-error.js';
import { useDatabase } from '../support/fixture.js';
import { holdLocks, type ReleaseLocks } from '../support/locks.js';
import type { TestDatabase } from '../support/database.js';
import { migrationsWith, transactionalMigrations } from '../support/migrations.js';
import { startPostgresProxy } from '../support/postgres-proxy.js';

/* `npm run migrate` writes the same migration history as the engine of Prisma, which can read it. */

const COLUMN = '20990101000000_column';
const ADDS_COLUMN = 'ALTER TABLE "orders" ADD COLUMN "colour" TEXT;\n';
const FAILS = `${ADDS_COLUMN}ALTER TABLE "no_such_table" ADD COLUMN "colour" TEXT;\n`;

const migrated = useDatabase({ scope: 'test', empty: true });
const byPrisma = useDatabase({ scope: 'test', empty: true });

/** The equivalent of `prisma migrate deploy`. */
async function deploy({ url }: { readonly url: string }, folder = MIGRATIONS_FOLDER): Promise<readonly string[]> {
  const migrationsList = await migrationList(folder);
  const { appliedMigrationNames } = await withEngine(url, (engine) =>
    engine.applyMigrations({ migrationsList, filters: NO_FILTER }),
  );
  return appliedMigrationNames;
}

/** The equivalent of `prisma migrate status`. */
async function status({ url }: TestDatabase, folder = MIGRATIONS_FOLDER): Promise<unknown> {
  const migrationsList = await migrationList(folder);
  return withEngine(url, (engine) =>
    engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters: NO_FILTER }),
  );
}

const UP_TO_DATE = { editedMigrationNames: [], failedMigrationNames: [], hasMigrationsTable: true, history: null };

/** The columns and rows of the table, without ids and times. */
async function historyOf({ sql }: TestDatabase): Promise<unknown> {
  const columns = await sql(
    `SELECT column_name, data_type, character_maximum_length, column_default, is_nullable
    FROM information_schema.columns WHERE table_name = '_prisma_migrations' ORDER BY ordinal_position`,
  );
  const rows = await sql(
    `SELECT migration_name, checksum, applied_steps_count, logs IS NULL AS has_no_logs, length(id) AS id_length,
      finished_at > started_at AS is_finished, rolled_back_at > started_at AS is_rolled_back
    FROM _prisma_migrations ORDER BY started_at`,
  );
  return { columns, rows };
}

test('Prisma accepts a database migrated by Ordergraph as migrated', async () => {
  const folder = await migrationsWith({ [COLUMN]: ADDS_COLUMN });
  await migrate(migrated.url, folder);
  await deploy(byPrisma, folder);
  expect(await historyOf(migrated)).toEqual(await historyOf(byPrisma));
  expect(await status(migrated, folder)).toEqual(UP_TO_DATE);
  expect(await deploy(migrated, folder)).toEqual([]);
  expect(await migrate(byPrisma.url, folder)).toEqual([]);
});

test('a failed migration is reported by name, is visible to Prisma, changes nothing, and can be applied again', async () => {
  const failing = await migrationsWith({ [COLUMN]: FAILS });
  const reason = 'relation "no_such_table" does not exist';
  await expect(migrate(migrated.url, failing)).rejects.toThrow(`The migration ${COLUMN} failed: ${reason}`);
  await expect(deploy(byPrisma, failing)).rejects.toThrow(reason);
  expect(await historyOf(migrated)).toEqual(await historyOf(byPrisma));
  expect(await migrated.sql('SELECT logs FROM _prisma_migrations WHERE finished_at IS NULL')).toEqual([
    { logs: reason },
  ]);
  expect(await status(migrated, failing)).toMatchObject({ failedMigrationNames: [COLUMN] });

  const repaired = await migrationsWith({ [COLUMN]: ADDS_COLUMN });
  for (const { url } of [migrated, byPrisma]) expect(await migrate(url, repaired)).toEqual([COLUMN]);
  expect(await status(migrated, repaired)).toEqual(UP_TO_DATE);
});

test('an applied migration with a changed script is reported by name; other line endings are not a change', async () => {
  await migrate(migrated.url, await migrationsWith({ [COLUMN]: ADDS_COLUMN }));
  const changed = await migrationsWith({ [COLUMN]: ADDS_COLUMN.replace('TEXT', 'INTEGER') });
  const attempt = migrate(migrated.url, changed);
  await expect(attempt).rejects.toThrow(StartupError);
  await expect(attempt).rejects.toThrow(`changed since it was applied to this database: ${COLUMN}.`);
  expect(await status(migrated, changed)).toMatchObject({ editedMigrationNames: [COLUMN] });
  const windows = await migrationsWith({ [COLUMN]: ADDS_COLUMN.replaceAll('\n', '\r\n') });
  expect(await migrate(migrated.url, windows)).toEqual([]);
});

test('a database with tables of another application is not migrated; tables of extensions are ignored', async () => {
  await migrated.sql('CREATE TABLE invoices (id integer)');
  await expect(migrate(migrated.url)).rejects.toThrow(StartupError);
  await expect(deploy(migrated)).rejects.toThrow(/not empty/);
  await migrated.sql('ALTER EXTENSION plpgsql ADD TABLE invoices');
  expect(await migrate(migrated.url)).toEqual(await migrationNames(MIGRATIONS_FOLDER));
});

/** Blocks the first migration of a database until the returned function is called. */
async function blockMigration(database: TestDatabase): Promise<ReleaseLocks> {
  // the first migration waits for this name
  return holdLocks(database, (client) => client.query('CREATE SEQUENCE order_number'));
}

async function waitingFor({ sql }: TestDatabase, event: string): Promise<number> {
  const rows = await sql(
    `SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event ${event}`,
  );
  return rows.length;
}

// Prisma waits in one statement. An index that is built concurrently would wait for it, too: a deadlock.
test('Prisma waits for a migrating process, if its scripts are transactions', async () => {
  const folder = await transactionalMigrations();
  const release = await blockMigration(migrated);
  const first = migrate(migrated.url, folder);
  await expect.poll(() => waitingFor(migrated, "<> 'advisory'"), { timeout: 10_000 }).toBe(1);
  const second = deploy(migrated, folder);
  await expect.poll(() => waitingFor(migrated, "= 'advisory'"), { timeout: 10_000 }).toBe(1);
  await release();
  expect(await Promise.all([first, second])).toEqual([await migrationNames(folder), []]);
});

test('a migrating process waits for Prisma', async () => {
  const release = await blockMigration(migrated);
  const first = deploy(migrated);
  await expect.poll(() => waitingFor(migrated, "<> 'advisory'"), { timeout: 10_000 }).toBe(1);
  const proxy = await startPostgresProxy(migrated.url);
  try {
    const second = migrate(proxy.url);
    await expect.poll(() => proxy.statements.length, { timeout: 10_000 }).toBeGreaterThan(2);
    expect(proxy.statements.filter((sql) => !sql.includes('advisory'))).toEqual([]);
    await release();
    expect(await Promise.all([first, second])).toEqual([await migrationNames(MIGRATIONS_FOLDER), []]);
  } finally {
    await proxy.close();
  }
  expect(await pendingMigrations(migrated.url)).toEqual([]);
});
