import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { expect, onTestFinished } from 'vitest';
import { freePort, temporaryFolder } from './process.js';

export const HAS_PGBOUNCER = spawnSync('pgbouncer', ['--version']).status === 0;

/** CI installs pgbouncer; elsewhere the tests are reported as skipped without it. */
export const SKIPS_PGBOUNCER = !HAS_PGBOUNCER && process.env['CI'] !== 'true';
if (SKIPS_PGBOUNCER) process.stdout.write('SKIPPED: pgbouncer is not installed. Run apt-get install pgbouncer.\n');

export interface Pgbouncer {
  /** The URL of the database through the pooler. */
  readonly url: string;
  readonly start: () => Promise<void>;
  readonly kill: () => Promise<void>;
}

export interface PgbouncerOptions {
  /** Lines of the section `pgbouncer`. */
  readonly settings: readonly string[];
  /** Runs on each new connection to the database. */
  readonly connectQuery?: string;
}

/** A pgbouncer in transaction mode in front of a database, ended with the test. Root runs it as the account postgres. */
export async function pgbouncerForTest(
  databaseUrl: string,
  { settings, connectQuery }: PgbouncerOptions,
): Promise<Pgbouncer> {
  const folder = await temporaryFolder();
  await chmod(folder, 0o755);
  const target = new URL(databaseUrl);
  const port = await freePort();
  const file = path.join(folder, 'pgbouncer.ini');
  const query = connectQuery === undefined ? '' : ` connect_query='${connectQuery}'`;
  const lines = [
    '[databases]',
    `${target.pathname.slice(1)} = host=${target.hostname} port=${target.port} user=${target.username}${query}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'auth_type = any',
    'pool_mode = transaction',
    'unix_socket_dir =',
    ...settings,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  const account = process.getuid?.() === 0 ? ['-u', 'postgres'] : [];
  const kill = async () => {
    if (child === null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    child = null;
    await exited;
  };
  onTestFinished(kill);
  const start = async () => {
    child = spawn('pgbouncer', [...account, '--quiet', file], { stdio: 'ignore' });
    await expect.poll(() => answers(url.href)).toBe(true);
  };
  await start();
  return { url: url.href, start, kill };
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}
