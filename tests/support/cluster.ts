import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort, temporaryFolder } from './process.js';

const BIN = '/usr/lib/postgresql/15/bin';

/** CI installs PostgreSQL 15, whose programs include pg_dump. */
export const HAS_PG_DUMP = existsSync(path.join(BIN, 'pg_dump'));

export interface Cluster {
  /** The URL of its database `postgres`. */
  readonly url: string;
  /** Writes a dump of the database to a file. */
  readonly dump: () => string;
  /** Restores a dump into the database, in one transaction. It replaces the tables that are there. */
  readonly restore: (file: string) => void;
}

/** A PostgreSQL 15 on a free port, which is stopped with the test. Root runs it as the account postgres. */
export async function clusterForTest(): Promise<Cluster> {
  const folder = await temporaryFolder();
  const account = process.getuid?.() === 0 ? accountOf('postgres') : null;
  if (account !== null) chownSync(folder, account.uid, account.gid);
  const run = (program: string, args: readonly string[]) =>
    execFileSync(path.join(BIN, program), args, { ...account, stdio: ['ignore', 'ignore', 'inherit'] });
  const data = path.join(folder, 'data');
  const port = await freePort();
  run('initdb', ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']);
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  run('pg_ctl', ['start', '-w', '-D', data, '-l', path.join(folder, 'log'), '-o', settings]);
  onTestFinished(() => void run('pg_ctl', ['stop', '-w', '-m', 'immediate', '-D', data]));
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  return {
    url,
    dump() {
      const file = path.join(folder, 'dump');
      run('pg_dump', ['--format=custom', '--file', file, url]);
      return file;
    },
    restore: (file) => {
      const options = ['--clean', '--if-exists', '--no-owner', '--single-transaction', '--exit-on-error'];
      run('pg_restore', [...options, '--dbname', url, file]);
    },
  };
}

function accountOf(name: string): { readonly uid: number; readonly gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  const [, , uid, gid] = (line ?? '').split(':');
  return { uid: Number(uid), gid: Number(gid) };
}
