import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createManifest, ManifestError } from '../graphql/document-manifest.js';
import { createSchema } from '../graphql/schema.js';
import { StartupError } from '../startup-error.js';
import { invalidArguments, parseOptions, type CommandHelp } from './command.js';

const DEFAULT_FILE = 'persisted-query-manifest.json';

export const DOCUMENTS_HELP = {
  name: 'documents',
  about: `Writes the manifest of the GraphQL documents in a folder to FILE, by default ${DEFAULT_FILE}.`,
  words: 'FOLDER [FILE]',
  options: {},
  examples: ['documents src/queries', 'documents src/queries trusted-documents.json'],
} as const satisfies CommandHelp;

/** Writes the manifest of the operations in the `.graphql` and `.gql` files of a folder, for TRUSTED_DOCUMENTS. */
export async function buildDocuments(words: readonly string[]): Promise<string> {
  const [folder, file = DEFAULT_FILE, ...rest] = parseOptions(DOCUMENTS_HELP, words).positionals;
  if (folder === undefined || rest.length > 0) throw invalidArguments(DOCUMENTS_HELP, '');
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
