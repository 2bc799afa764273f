import { loadEnvFile, readConfig } from '../config.js';
import { createLog } from '../observability/log.js';
import { startEmbeddedPostgres } from '../database/embedded-postgres.js';
import { migrate } from '../database/migrate.js';
import { cannotUse } from '../database/startup-checks.js';
import { migrateJobSchema } from '../fulfilment/job-schema.js';
import { parseOptions, type CommandHelp } from './command.js';

export const MIGRATE_HELP = {
  name: 'migrate',
  about: 'Applies the pending migrations to DATABASE_URL, or to the embedded database. The same as npm run migrate.',
  options: {},
  details: 'Servers may run meanwhile, unless the database is the embedded one: they use its data folder.',
  examples: ['migrate'],
} as const satisfies CommandHelp;

/** Applies the pending migrations. */
export async function migrateDatabase(words: readonly string[]): Promise<string> {
  parseOptions(MIGRATE_HELP, words);
  loadEnvFile();
  const { database, fulfilment, logLevel } = readConfig();
  const log = createLog({ level: logLevel });
  const embedded =
    database.source.kind === 'embedded' ? await startEmbeddedPostgres({ dataDir: database.source.dataDir, log }) : null;
  const url = database.source.kind === 'embedded' ? (embedded?.url ?? '') : database.source.directUrl;
  try {
    const applied = [...(await migrate(url))];
    if (fulfilment.kind !== 'off' && (await migrateJobSchema(url))) applied.push('the tables of the job queue');
    return applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}`;
  } catch (cause) {
    throw cannotUse(url, cause);
  } finally {
    await embedded?.close();
  }
}
