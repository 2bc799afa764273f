import type { Client } from 'pg';
import type { TestDatabase } from './database.js';

/** Releases the locks by a rollback. */
export type ReleaseLocks = () => Promise<void>;

/** Takes locks in a new transaction and holds them until they are released. */
export async function holdLocks(
  database: TestDatabase,
  lock: (client: Client) => Promise<unknown>,
): Promise<ReleaseLocks> {
  const client = await database.connect();
  await client.query('BEGIN');
  await lock(client);
  return async () => {
    await client.query('ROLLBACK');
  };
}

export async function lockTable(
  database: TestDatabase,
  table: string,
  mode: 'EXCLUSIVE' | 'ACCESS EXCLUSIVE' = 'ACCESS EXCLUSIVE',
): Promise<ReleaseLocks> {
  return holdLocks(database, (client) => client.query(`LOCK TABLE ${table} IN ${mode} MODE`));
}
