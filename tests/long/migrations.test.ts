import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { migrate } from '../../src/database/migrate.js';
import { pendingMigrations } from '../../src/database/pending-migrations.js';
import { schemaDifference } from '../../src/database/schema-engine.js';
import { StartupError } from '../../src/startup-error.js';
import { useDatabase } from '../support/fixture.js';
import { holdLocks } from '../support/locks.js';
import { migrationsWith } from '../support/migrations.js';
import { startPostgresProxy } from '../support/postgres-proxy.js';
import { insertCreated } from '../support/rows.js';
import { startServer } from '../support/server.js';

const MIGRATIONS = readdirSync('prisma/migrations', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

const database = useDatabase({ scope: 'test', empty: true });

test('one of several concurrent processes migrates', async () => {
  const applied = await Promise.all(Array.from({ length: 4 }, () => migrate(database.url)));
  expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
  expect(await migrate(database.url)).toEqual([]);
  expect(await pendingMigrations(database.url)).toEqual([]);
});

test('two servers that start concurrently on an empty database both serve requests', async () => {
  const servers = await Promise.all([0, 1].map(() => startServer(database.url, { DATABASE_MIGRATE: 'always' })));
  for (const server of servers) expect((await fetch(server.url.replace('/graphql', '/ready'))).status).toBe(200);
  await Promise.all(servers.map((server) => server.close()));
  const rows = await database.sql('SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL');
  expect(rows).toHaveLength(MIGRATIONS.length);
  expect(new Set(rows.map((row) => row['migration_name']))).toEqual(new Set(MIGRATIONS));
});

test('an incomplete migration of a killed process is applied again', async () => {
  await migrate(database.url);
  await database.sql('DROP SCHEMA public CASCADE');
  await database.sql('CREATE SCHEMA public');
  await database.sql(`CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0)`);
  const pending = await pendingMigrations(database.url);
  const [name = ''] = pending;
  await database.sql("INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'x', $1)", [name]);
  expect(await migrate(database.url)).toEqual(pending);
  expect(await pendingMigrations(database.url)).toEqual([]);
});

const NOTES_INDEX = '20990101000000_notes_index';
const INDEX_OF_NOTES = `-- outside a transaction

-- Built while orders are written.
CREATE INDEX CONCURRENTLY IF NOT EXISTS "orders_notes_idx" ON "orders"("notes");
`;

test('an index with an interrupted build is built again', async () => {
  const folder = await migrationsWith({ [NOTES_INDEX]: INDEX_OF_NOTES });
  await migrate(database.url, folder);
  const valid = async () =>
    (await database.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('orders_notes_idx')"))[0];
  expect(await valid()).toEqual({ indisvalid: true });
  await database.sql('DELETE FROM _prisma_migrations WHERE migration_name = $1', [NOTES_INDEX]);
  await database.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass('orders_notes_idx')");
  expect(await migrate(database.url, folder)).toEqual([NOTES_INDEX]);
  expect(await valid()).toEqual({ indisvalid: true });
  expect(await pendingMigrations(database.url, folder)).toEqual([]);
});

test('orders are stored while the build of an index waits for an open transaction', async () => {
  await migrate(database.url);
  const writer = await database.connect();
  await writer.query('BEGIN');
  await insertCreated(writer, [randomUUID()]);
  const migrating = migrate(database.url, await migrationsWith({ [NOTES_INDEX]: INDEX_OF_NOTES }));
  const waiting = `SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock'`;
  await expect.poll(() => database.sql(waiting), { timeout: 10_000 }).toHaveLength(1);
  const other = await database.connect();
  await other.query("SET lock_timeout = '1s'");
  await insertCreated(other, [randomUUID()]);
  await writer.query('COMMIT');
  expect(await migrating).toEqual([NOTES_INDEX]);
});

test('a server on DATABASE_URL does not migrate it by default, and names the pending migrations', async () => {
  await expect(startServer(database.url)).rejects.toThrow(StartupError);
  await expect(startServer(database.url)).rejects.toThrow(/lacks the migrations .*_init.*npm run migrate/);
});

test('the migrations agree with schema.prisma', async () => {
  expect(await schemaDifference(database.url)).toBe('');
});

test('a process waits for the migration of another process', async () => {
  // the first migration waits for this name
  const release = await holdLocks(database, (client) => client.query('CREATE SEQUENCE order_number'));
  const first = migrate(database.url);
  const waiting = async () =>
    (
      await database.sql(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      )
    ).length;
  await expect.poll(waiting, { timeout: 10_000 }).toBe(1);
  const proxy = await startPostgresProxy(database.url);
  try {
    const second = migrate(proxy.url);
    const attempts = () => proxy.statements.filter((sql) => sql.includes('advisory')).length;
    await expect.poll(async () => attempts() >= 3 || (await waiting()) > 1, { timeout: 10_000 }).toBe(true);
    await release();
    expect(await Promise.all([first, second])).toEqual([MIGRATIONS, []]);
  } finally {
    await proxy.close();
  }
  const rows = await database.sql('SELECT migration_name, rolled_back_at FROM _prisma_migrations ORDER BY 1');
  expect(rows).toEqual(MIGRATIONS.map((name) => ({ migration_name: name, rolled_back_at: null })));
});

test('a migration is applied if its process is killed right after its script', async () => {
  const folder = await migrationsWith({ [NOTES_INDEX]: INDEX_OF_NOTES });
  const proxy = await startPostgresProxy(database.url);
  try {
    proxy.cutAfter('CREATE TYPE "order_status"');
    await expect(migrate(proxy.url, folder)).rejects.toThrow(/./);
  } finally {
    await proxy.close();
  }
  const pending = await pendingMigrations(database.url, folder);
  expect(pending).toEqual([...MIGRATIONS.slice(1), NOTES_INDEX]);
  expect(await migrate(database.url, folder)).toEqual(pending);
});

test('an unsupported version of PostgreSQL is rejected with the actual and the oldest supported version', async () => {
  await migrate(database.url);
  const rows = await database.sql<{ number: string }>("SELECT current_setting('server_version_num') AS number");
  const proxy = await startPostgresProxy(database.url, '', { replace: [rows[0]?.number ?? '', '149999'] });
  try {
    await expect(startServer(proxy.url)).rejects.toThrow(/needs PostgreSQL 15 or newer; DATABASE_URL has version \d/);
  } finally {
    await proxy.close();
  }
});
