import type { Logger } from 'pino';
import { StartupError } from '../startup-error.js';
import { migrate } from './migrate.js';
import { pendingMigrations } from './pending-migrations.js';
import { cannotUse, checkVersion } from './startup-checks.js';

/**
 * Applies the migrations, or checks that they are applied.
 *
 * @throws StartupError when the database cannot be used, or lacks migrations that must not be applied here
 */
export async function prepareSchema(url: string, mayMigrate: boolean, log: Logger): Promise<void> {
  try {
    await checkVersion(url);
    if (mayMigrate) {
      const applied = await migrate(url);
      if (applied.length > 0) log.info({ applied }, 'migrations applied');
      return;
    }
    const pending = await pendingMigrations(url);
    if (pending.length === 0) return;
    throw new StartupError(
      `The database lacks the migrations ${pending.join(', ')}. Run "npm run migrate", or set DATABASE_MIGRATE=always.`,
    );
  } catch (cause) {
    throw cannotUse(url, cause);
  }
}
