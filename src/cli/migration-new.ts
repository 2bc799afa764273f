import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLog } from '../observability/log.js';
import { startEmbeddedPostgres } from '../database/embedded-postgres.js';
import { MIGRATIONS_FOLDER } from '../database/migration-files.js';
import { schemaDifference } from '../database/schema-engine.js';
import { StartupError } from '../startup-error.js';
import { runCommand } from './run-command.js';

/**
 * Writes the next migration from the difference between the migrations and `schema.prisma`, computed on a throw-away
 * database. With `--check` it writes nothing and fails if there is a difference.
 */
await runCommand(async () => {
  const [argument = ''] = process.argv.slice(2);
  const check = argument === '--check';
  if (!check && !/^[a-z][a-z0-9_]*$/.test(argument)) {
    throw new StartupError(
      'Usage: npm run migration:new -- NAME. NAME consists of lower-case letters, digits and underscores.',
    );
  }
  const sql = await difference();
  if (sql === '') return 'The migrations match prisma/schema.prisma.';
  if (check)
    throw new StartupError(
      `The migrations differ from prisma/schema.prisma:\n\n${sql}\nRun "npm run migration:new -- NAME".`,
    );
  return `Wrote ${await write(argument, sql)}. Read and complete it before you commit it.`;
});

async function difference(): Promise<string> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'ordergraph-shadow-'));
  const embedded = await startEmbeddedPostgres({
    dataDir,
    log: createLog({ level: 'silent' }),
    settings: ['fsync=off'],
  });
  try {
    return await schemaDifference(embedded.url);
  } finally {
    await embedded.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function write(name: string, sql: string): Promise<string> {
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = path.join(MIGRATIONS_FOLDER, `${stamp}_${name}`);
  await mkdir(folder);
  await writeFile(path.join(folder, 'migration.sql'), sql);
  return path.relative(process.cwd(), folder);
}
