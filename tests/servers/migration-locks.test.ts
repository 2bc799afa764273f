import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { migrate } from '../../src/database/migrate.js';
import { pendingMigrations } from '../../src/database/pending-migrations.js';

const FOLDER = 'prisma/migrations';

test('a migration that waits for a lock gives up before it stops everyone behind it, and can be tried again', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'ordergraph-locks-'));
  const log = pino({ level: 'silent' });
  const embedded = await startEmbeddedPostgres({ dataDir: path.join(folder, 'data'), log, settings: ['fsync=off'] });
  const client = new Client({ connectionString: embedded.url });
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await embedded.close();
    await rm(folder, { recursive: true, force: true });
  });
  // As a server of the first version left it.
  const [first = ''] = (await readdir(FOLDER)).filter((name) => /^\d/.test(name)).toSorted();
  const script = await readFile(path.join(FOLDER, first, 'migration.sql'), 'utf8');
  await client.query(script);
  await client.query(`CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0)`);
  await client.query(
    "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) VALUES ('1', $1, $2, now(), 1)",
    [createHash('sha256').update(script).digest('hex'), first],
  );
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM event_consumers'); // a long report, say
  await expect(migrate(embedded.url)).rejects.toThrow(/lock timeout/);
  await client.query('ROLLBACK');
  expect((await migrate(embedded.url)).length).toBeGreaterThan(0);
  expect(await pendingMigrations(embedded.url)).toEqual([]);
}, 60_000);
