import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { printSchema } from 'graphql';
import { createSchema } from '../graphql/schema.js';
import { StartupError } from '../startup-error.js';
import { runCommand } from './run-command.js';

const FILE = path.resolve(import.meta.dirname, '../../schema.graphql');

/** Prints the GraphQL schema from the code to `schema.graphql`; with `--check` it fails where the file says otherwise. */
await runCommand(async () => {
  const printed = `${printSchema(createSchema())}\n`;
  if (process.argv[2] !== '--check') {
    await writeFile(FILE, printed);
    return 'Wrote schema.graphql.';
  }
  if ((await readFile(FILE, 'utf8')) === printed) return 'schema.graphql is up to date.';
  throw new StartupError('schema.graphql is out of date. Run "npm run schema" and check the difference.');
});
