import type { Database } from './database.js';

/**
 * Why the database cannot serve now, or null where it can.
 *
 * @param pending names the migrations that are missing; asked until there are none, since servers of a newer release
 *   only ever add some
 */
export async function databaseProblem(
  { prisma }: Database,
  pending: () => Promise<readonly string[]>,
): Promise<string | null> {
  try {
    await prisma.$queryRawUnsafe('SELECT 1');
    const missing = await pending();
    return missing.length === 0 ? null : 'the database lacks migrations';
  } catch {
    return 'the database cannot be reached'; // the readiness answer is the report
  }
}
