import type { Database } from './database.js';
import { pendingMigrationsOf } from './pending-migrations.js';

/** Asks why the database cannot serve now; null where it can. However many ask at once, it is looked at once. */
export function createReadiness({ prisma }: Database): () => Promise<string | null> {
  let asking: Promise<string | null> | null = null;

  async function ask(): Promise<string | null> {
    try {
      return (await pendingMigrationsOf(prisma)).length === 0 ? null : 'the database lacks migrations';
    } catch {
      return 'the database cannot be reached'; // the readiness answer is the report
    } finally {
      asking = null;
    }
  }

  return () => (asking ??= ask());
}
