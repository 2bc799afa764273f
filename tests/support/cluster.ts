import { execFile, execFileSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { freePort, temporaryFolder } from './process.js';

const BIN = '/usr/lib/postgresql/15/bin';

/** CI installs PostgreSQL 15, whose programs include pg_dump. */
export const HAS_PG_DUMP = existsSync(path.join(BIN, 'pg_dump'));

/** Without them the tests are reported as skipped, but fail in CI. */
export const SKIPS_CLUSTER = !HAS_PG_DUMP && process.env['CI'] !== 'true';
if (SKIPS_CLUSTER)
  process.stdout.write('SKIPPED: PostgreSQL 15 is not installed. Run apt-get install postgresql-15.\n');

export interface Cluster {
  /** The URL of its database `postgres`. */
  readonly url: string;
  /** Writes a dump of the database to a file. */
  readonly dump: () => Promise<string>;
  /** Restores a dump into the database, in one transaction. It replaces the tables that are there. */
  readonly restore: (file: string) => Promise<void>;
  /** Resolves when it accepts connections. */
  readonly start: () => Promise<void>;
  readonly stop: (mode: 'fast' | 'immediate') => Promise<void>;
  /** Kills the postmaster with SIGKILL. Its other processes end by themselves. */
  readonly kill: () => Promise<void>;
}

export interface ClusterOptions {
  /** With `fsync`. */
  readonly isDurable?: boolean;
  /** Such as `max_connections=20`. */
  readonly settings?: readonly string[];
}

/** A PostgreSQL 15 on a free port, which is stopped with the test. Root runs it as the account postgres. */
export async function clusterForTest({ isDurable = false, settings = [] }: ClusterOptions = {}): Promise<Cluster> {
  const folder = await temporaryFolder();
  const account = process.getuid?.() === 0 ? accountOf('postgres') : null;
  if (account !== null) chownSync(folder, account.uid, account.gid);
  const run = (program: string, args: readonly string[]) => execute(path.join(BIN, program), args, { ...account });
  const data = path.join(folder, 'data');
  const port = await freePort();
  await run('initdb', ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']);
  const all = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', `fsync=${isDurable ? 'on' : 'off'}`];
  const flags = [`-p ${port}`, ...[...all, ...settings].map((setting) => `-c ${setting}`)].join(' ');
  const [logFile, pidFile] = [path.join(folder, 'log'), path.join(data, 'postmaster.pid')];
  const start = async () => void (await run('pg_ctl', ['start', '-w', '-D', data, '-l', logFile, '-o', flags]));
  const stop = async (mode: string) => void (await run('pg_ctl', ['stop', '-w', '-m', mode, '-D', data]));
  await start();
  onTestFinished(() => stop('immediate'));
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  return {
    url,
    async dump() {
      const file = path.join(folder, 'dump');
      await run('pg_dump', ['--format=custom', '--file', file, url]);
      return file;
    },
    restore: async (file) => {
      const options = ['--clean', '--if-exists', '--no-owner', '--single-transaction', '--exit-on-error'];
      await run('pg_restore', [...options, '--dbname', url, file]);
    },
    start,
    stop,
    async kill() {
      const [pid] = (await readFile(pidFile, 'utf8')).split('\n');
      const started = processesBelow(Number(pid));
      process.kill(Number(pid), 'SIGKILL');
      await expect.poll(() => [Number(pid), ...started].filter(isRunning)).toEqual([]); // they block the next start
      await rm(pidFile); // PostgreSQL takes a zombie for a running postmaster
    },
  };
}

const execute = promisify(execFile);

function processesBelow(pid: number): readonly number[] {
  const lines = execFileSync('ps', ['-eo', 'ppid=,pid='], { encoding: 'utf8' }).trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([parent, child = 0]) => (parent === pid ? child : []));
}

function isRunning(pid: number): boolean {
  return /^State:\s+[^Z]/m.test(readStatus(pid));
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

function accountOf(name: string): { readonly uid: number; readonly gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  const [, , uid, gid] = (line ?? '').split(':');
  return { uid: Number(uid), gid: Number(gid) };
}
