import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { MIGRATIONS_FOLDER } from '../../src/database/migration-files.js';
import { temporaryFolder } from './process.js';

/** A copy of the migrations with additional ones. Their names must sort last. The copy is removed with the test. */
export async function migrationsWith(additional: Readonly<Record<string, string>>): Promise<string> {
  const folder = path.join(await temporaryFolder(), 'migrations');
  await cp(MIGRATIONS_FOLDER, folder, { recursive: true });
  for (const [name, script] of Object.entries(additional)) {
    await mkdir(path.join(folder, name));
    await writeFile(path.join(folder, name, 'migration.sql'), script);
  }
  return folder;
}

/** A copy of the migrations whose script is one transaction. The copy is removed with the test. */
export async function transactionalMigrations(): Promise<string> {
  const folder = await migrationsWith({});
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const script = await readFile(path.join(folder, entry.name, 'migration.sql'), 'utf8');
    if (script.startsWith('-- outside a transaction')) await rm(path.join(folder, entry.name), { recursive: true });
  }
  return folder;
}
