import { withClient } from './client.js';
import type { Queryable } from './database.js';
import { MIGRATIONS_FOLDER, migrationNames } from './migration-files.js';
import { SELECT_APPLIED, type AppliedMigration } from './migration-history.js';

/** The names of the migrations that the database lacks. Reads only, so the URL may be that of a pooler. */
export async function pendingMigrations(url: string, folder = MIGRATIONS_FOLDER): Promise<readonly string[]> {
  return withClient(url, async (client) => {
    try {
      const { rows } = await client.query<AppliedMigration>(SELECT_APPLIED);
      return await pendingOf(rows, folder);
    } catch (cause) {
      const isMissingTable = cause instanceof Error && 'code' in cause && cause.code === '42P01';
      if (isMissingTable) return migrationNames(folder);
      throw cause;
    }
  });
}

/** The same over the pool of a server that has started. */
export async function pendingMigrationsOf(db: Queryable): Promise<readonly string[]> {
  return pendingOf(await db.$queryRawUnsafe<AppliedMigration[]>(SELECT_APPLIED), MIGRATIONS_FOLDER);
}

async function pendingOf(applied: readonly AppliedMigration[], folder: string): Promise<readonly string[]> {
  const names = await migrationNames(folder);
  return names.filter((name) => !applied.some((each) => each.name === name));
}
