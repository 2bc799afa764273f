import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { StartupError } from '../startup-error.js';

const run = promisify(execFile);

/** The account that runs PostgreSQL's programs: that of this process, or another one for root, which PostgreSQL rejects. */
export interface Account {
  readonly ids: { readonly uid: number; readonly gid: number } | null;
  /** Precedes each command. */
  readonly prefix: readonly string[];
}

/** @param program a program of PostgreSQL, which the account must be able to reach */
export async function accountFor(dataDir: string, program: string): Promise<Account> {
  if (process.getuid?.() !== 0) return { ids: null, prefix: [] };
  const ids = (await lookUp('postgres')) ?? (await lookUp('nobody'));
  if (ids === null) {
    throw new StartupError(
      'PostgreSQL cannot run as root, and neither the account postgres nor nobody exists. Start the server as another user, or set DATABASE_URL.',
    );
  }
  if (everyoneMayEnter(path.dirname(program)) && everyoneMayEnter(path.resolve(dataDir))) return { ids, prefix: [] };
  // Below a folder that only root can enter, such as /root, the other account needs this capability.
  const { uid, gid } = ids;
  const capability = '+dac_override';
  const prefix = [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--securebits=+no_setuid_fixup', // or access(2), by which initdb finds its own binaries, ignores the capability
    `--inh-caps=${capability}`,
    `--ambient-caps=${capability}`,
  ];
  return { ids, prefix };
}

async function lookUp(name: string): Promise<Account['ids']> {
  const accounts = await readFile('/etc/passwd', 'utf8');
  const [, , uid, gid] =
    accounts
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':') ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

function everyoneMayEnter(folder: string): boolean {
  const parent = path.dirname(folder);
  const own = !existsSync(folder) || (statSync(folder).mode & 0o001) !== 0;
  return own && (parent === folder || everyoneMayEnter(parent));
}

/** Runs a program as the account, in the C locale. */
export async function execute(account: Account, program: string, args: readonly string[]): Promise<{ stdout: string }> {
  const [file = program, ...rest] = [...account.prefix, program, ...args];
  const identity = account.prefix.length === 0 && account.ids !== null ? account.ids : {};
  const env = { ...process.env, LC_ALL: 'C', LC_MESSAGES: 'C' };
  return run(file, rest, { ...identity, env, maxBuffer: 10_000_000 });
}
