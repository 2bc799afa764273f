import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** The folder of the schema and its migrations: `prisma/` next to `src/` or `dist/`. */
export const PRISMA_FOLDER = path.resolve(import.meta.dirname, '../../prisma');

export const MIGRATIONS_FOLDER = path.join(PRISMA_FOLDER, 'migrations');

export interface Migration {
  readonly name: string;
  readonly script: string;
  /** SHA-256 of the script in hexadecimal, as Prisma computes it. */
  readonly checksum: string;
}

/** The migrations in the order in which they are applied. */
export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = await migrationNames(folder);
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(path.join(folder, name, 'migration.sql'), 'utf8');
      const script = text.replaceAll('\r\n', '\n'); // Git may have changed the ends of lines
      return { name, script, checksum: createHash('sha256').update(script).digest('hex') };
    }),
  );
}

export async function migrationNames(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
