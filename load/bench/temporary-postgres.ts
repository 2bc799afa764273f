// The database of a benchmark: the embedded PostgreSQL with the settings of the product, on a folder that is removed.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../dist/database/embedded-postgres.js';

export interface TemporaryPostgres {
  readonly url: string;
  /** Process id of the postmaster. */
  readonly postmaster: number;
  /** A temporary folder, removed with the database. */
  readonly folder: string;
}

/** Starts PostgreSQL, runs the benchmark and stops PostgreSQL. A failure is printed and sets the exit status. */
export async function withTemporaryPostgres(bench: (postgres: TemporaryPostgres) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ordergraph-bench-'));
  try {
    const embedded = await startEmbeddedPostgres({ dataDir: folder, log: pino({ level: 'silent' }) });
    try {
      const pidFile = await readFile(path.join(folder, 'postgres/postmaster.pid'), 'utf8');
      await bench({ url: embedded.url, postmaster: Number(pidFile.split('\n')[0]), folder });
    } catch (cause) {
      printFailure(cause);
    }
    await embedded.close();
  } catch (cause) {
    printFailure(cause);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  }
}

/** Prints why a benchmark could not run, and sets the exit status. */
export function printFailure(cause: unknown): void {
  console.error(cause instanceof Error ? cause.message : cause);
  process.exitCode = 1;
}

/** Runs one statement on a connection of its own. */
export async function runSql<Row extends pg.QueryResultRow>(
  url: string,
  statement: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // the statement fails as well
  await client.connect();
  try {
    return (await client.query<Row>(statement, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** The URL of another database of the same PostgreSQL. */
export function databaseUrl(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

/** Creates a database, empty or as a copy of another one, which must have no connections. */
export async function createDatabase(url: string, name: string, template = 'template1'): Promise<string> {
  await runSql(url, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  return databaseUrl(url, name);
}
