import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { migrate } from '../../src/database/migrate.js';
import { pendingMigrations } from '../../src/database/pending-migrations.js';
import { migrationsWith } from '../support/migrations.js';

test('a migration with a lock timeout fails and can be applied again', async () => {
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
  await migrate(embedded.url);
  const next = await migrationsWith({
    '20990101000000_column': 'ALTER TABLE "event_consumers" ADD COLUMN "note" TEXT;\n',
  });
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM event_consumers'); // for example, a long report
  await expect(migrate(embedded.url, next)).rejects.toThrow(/lock timeout/);
  await client.query('ROLLBACK');
  expect((await migrate(embedded.url, next)).length).toBeGreaterThan(0);
  expect(await pendingMigrations(embedded.url, next)).toEqual([]);
}, 60_000);
