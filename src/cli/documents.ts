import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createManifest, ManifestError } from '../graphql/document-manifest.js';
import { createSchema } from '../graphql/schema.js';
import { StartupError } from '../startup-error.js';

const DEFAULT_FILE = 'persisted-query-manifest.json';
export const DOCUMENTS_USAGE = `FOLDER [FILE], by default ${DEFAULT_FILE}`;

/** Writes the manifest of the operations in the `.graphql` and `.gql` files of a folder, for TRUSTED_DOCUMENTS. */
export async function buildDocuments([folder, file = DEFAULT_FILE, ...rest]: readonly string[]): Promise<string> {
  if (folder === undefined || rest.length > 0)
    throw new StartupError(`Usage: npm run cli -- documents ${DOCUMENTS_USAGE}.`);
  const { operations, ...head } = await manifestOf(folder);
  if (operations.length === 0) throw new StartupError(`No operation is in the .graphql and .gql files of ${folder}.`);
  await writeFile(file, `${JSON.stringify({ ...head, operations }, null, 2)}\n`);
  return `Wrote ${operations.length} operations to ${file}.`;
}

async function manifestOf(folder: string) {
  try {
    const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(graphql|gql)$/.test(name));
    const files = names.map(async (name) => ({ name, text: await readFile(path.join(folder, name), 'utf8') }));
    const rules = { maxTokens: Number.POSITIVE_INFINITY, rules: [] }; // the server checks its own limits at start
    return createManifest(await Promise.all(files), createSchema(), rules);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (cause instanceof ManifestError || code !== undefined) throw new StartupError(message, { cause });
    throw cause;
  }
}
