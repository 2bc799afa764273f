import type { TestDatabase } from './database.js';

/** All rows of all tables as text. Bytes are also decoded. */
export async function databaseText(database: TestDatabase): Promise<string> {
  const tables = await database.sql<{ name: string }>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
     WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  const text: string[] = [];
  for (const { name } of tables) {
    const rows = await database.sql<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM ${name} t`);
    text.push(...rows.map(({ row }) => row + row.replaceAll(/\\\\x[0-9a-f]+/g, (hex) => decoded(hex.slice(3)))));
  }
  return text.join('\n');
}

function decoded(hex: string): string {
  return Buffer.from(hex, 'hex').toString('latin1');
}
