import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { inject, onTestFinished } from 'vitest';
import { serverUrl, TEMPLATE } from './database-url.js';

export interface TestDatabase {
  readonly url: string;
  /** Runs SQL directly in the database, without the server under test. */
  readonly sql: <T extends object = Record<string, unknown>>(text: string, values?: unknown[]) => Promise<T[]>;
  /** Opens a separate connection, which is closed at the end of the test. */
  readonly connect: () => Promise<Client>;
  readonly drop: () => Promise<void>;
}

/** Creates a separate database with all migrations and no orders. The caller must drop it. */
export async function createDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const server = inject('postgresUrl');
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await run(server, empty ? `CREATE DATABASE ${name}` : `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  const url = serverUrl(server, name);
  const main = await open(url);
  return {
    url,
    sql: async <T extends object>(text: string, values?: unknown[]) => (await main.query<T>(text, values)).rows,
    connect: async () => {
      const client = await open(url);
      onTestFinished(() => client.end());
      return client;
    },
    drop: async () => {
      await main.end();
      await run(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function open(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, options: '-c TimeZone=UTC' });
  client.on('error', () => undefined); // dropping the database terminates its open connections
  await client.connect();
  return client;
}

async function run(url: string, text: string): Promise<void> {
  const client = await open(url);
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
