import { openDatabase, type Database } from '../database/database.js';
import { startEmbeddedPostgres } from '../database/embedded-postgres.js';
import { prepareSchema } from '../database/prepare-schema.js';
import { checkDurability, checkSession } from '../database/startup-checks.js';
import { waitForDatabase } from '../database/wait-for-database.js';
import { prepareJobSchema } from '../fulfilment/job-schema.js';
import type { ProcessSetup, Setup } from './setup.js';

/** The database at `DATABASE_URL`, or an embedded PostgreSQL; with a current schema. */
export async function providePostgres(
  { config, log, resources, stopping }: ProcessSetup,
  onLost: (reason: string) => void,
) {
  const { source, migrate, waitMs } = config.database;
  const prepare = async (directUrl: string) => {
    await prepareSchema(directUrl, migrate, log);
    if (config.fulfilment.kind !== 'off') await prepareJobSchema(directUrl, migrate, log);
  };
  if (source.kind === 'external') {
    for (const url of new Set([source.directUrl, source.url])) await waitForDatabase(url, { waitMs, stopping, log });
    await prepare(source.directUrl);
    return { ...source, announce: null };
  }
  const embedded = await startEmbeddedPostgres({ dataDir: source.dataDir, log, onLost });
  resources.defer(() => embedded.close());
  const { url } = embedded;
  await prepare(url);
  return { url, directUrl: url, announce: (serverUrl: string) => embedded.announce(serverUrl) };
}

export async function connect({ config, log, resources, metrics }: Setup, url: string): Promise<Database> {
  const { source: _, migrate: __, waitMs: ___, mayBeUnsafe, ...bounds } = config.database;
  const database = openDatabase({ ...bounds, url, applicationName: 'ordergraph' }, log);
  resources.defer(() => database.close());
  metrics.database.watchPool(database.pool);
  await checkSession(database);
  await checkDurability(database, { mayBeUnsafe, log });
  return database;
}
