import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { createSchema } from '../graphql/schema.js';
import { runCommand } from './run-command.js';

/** Prints the GraphQL schema from the code to `schema.graphql`. */
await runCommand(async () => {
  const file = path.resolve(import.meta.dirname, '../../schema.graphql');
  await writeFile(file, `${printSchema(lexicographicSortSchema(createSchema()))}\n`);
  return 'Wrote schema.graphql.';
});
