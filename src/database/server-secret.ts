import { randomBytes } from 'node:crypto';
import type { Database } from './database.js';

/**
 * The secret of this name. The first call creates it; every server on the database uses the same one.
 *
 * @returns 32 random bytes
 */
export async function serverSecret({ prisma }: Database, name: string): Promise<Uint8Array> {
  const found = await prisma.serverSecret.findUnique({ where: { name } });
  if (found !== null) return found.value;
  // Two servers may start at once: the first row is kept, and both read it.
  await prisma.serverSecret.createMany({ data: [{ name, value: randomBytes(32) }], skipDuplicates: true });
  const { value } = await prisma.serverSecret.findUniqueOrThrow({ where: { name } });
  return value;
}
