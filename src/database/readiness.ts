import type { Database } from './database.js';
import { pendingMigrationsOf } from './pending-migrations.js';

/** Reports why the database cannot be used, or null. Concurrent calls share one check. */
export function createReadiness({ prisma }: Database): () => Promise<string | null> {
  let checking: Promise<string | null> | null = null;

  async function check(): Promise<string | null> {
    try {
      return (await pendingMigrationsOf(prisma)).length === 0 ? null : 'the database lacks migrations';
    } catch {
      return 'the database cannot be reached'; // the response of /ready reports it
    } finally {
      checking = null;
    }
  }

  return () => (checking ??= check());
}
