import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { findEmbeddedPostgres, startEmbeddedPostgres } from '../database/embedded-postgres.js';

interface FoundDatabase {
  readonly url: string;
  readonly release: () => Promise<void>;
}

/** The database of a running server, or the embedded one, started for the time of the command. */
export async function findDatabase({ database }: Pick<Config, 'database'>, log: Logger): Promise<FoundDatabase> {
  const { source } = database;
  if (source.kind === 'external') return { url: source.directUrl, release: () => Promise.resolve() };
  const running = await findEmbeddedPostgres(source.dataDir);
  if (running !== null) return { url: running, release: () => Promise.resolve() };
  const embedded = await startEmbeddedPostgres({ dataDir: source.dataDir, log });
  return { url: embedded.url, release: () => embedded.close() };
}
