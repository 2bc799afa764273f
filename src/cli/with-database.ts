import { loadEnvFile, readConfig, type Config } from '../config.js';
import { openDatabase, type Database } from '../database/database.js';
import { findEmbeddedPostgres, startEmbeddedPostgres } from '../database/embedded-postgres.js';
import { prepareSchema } from '../database/prepare-schema.js';
import { checkSession } from '../database/startup-checks.js';
import { createLog } from '../observability/log.js';

/** A rebuild runs long statements on one connection. */
const SESSION = { poolSize: 1, preparedStatements: false, statementTimeoutMs: 600_000, lockTimeoutMs: 60_000 };

/**
 * Runs a command on the configured database, also while servers run.
 *
 * @throws StartupError if the database cannot be used, or lacks migrations
 */
export async function withDatabase<T>(work: (database: Database, url: string) => Promise<T>): Promise<T> {
  loadEnvFile();
  const config = readConfig();
  const log = createLog({ level: config.logLevel });
  const { url, release } = await findDatabase(config, log);
  try {
    await prepareSchema(url, false, log);
    const { connectTimeoutMs } = config.database;
    const database = openDatabase({ ...SESSION, url, connectTimeoutMs, applicationName: 'ordergraph-cli' }, log);
    try {
      await checkSession(database);
      return await work(database, url);
    } finally {
      await database.close();
    }
  } finally {
    await release();
  }
}

interface FoundDatabase {
  readonly url: string;
  readonly release: () => Promise<void>;
}

/** The database of a running server, or the embedded one, started for the time of the command. */
async function findDatabase({ database }: Config, log: ReturnType<typeof createLog>): Promise<FoundDatabase> {
  const { source } = database;
  if (source.kind === 'external') return { url: source.directUrl, release: () => Promise.resolve() };
  const running = await findEmbeddedPostgres(source.dataDir);
  if (running !== null) return { url: running, release: () => Promise.resolve() };
  const embedded = await startEmbeddedPostgres({ dataDir: source.dataDir, log });
  return { url: embedded.url, release: () => embedded.close() };
}
