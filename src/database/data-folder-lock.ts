import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../startup-error.js';

/** The lock of this process on a data folder. */
export interface DataFolderLock {
  /** Records the server's URL for other processes that find the folder locked. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

/** Covers the shutdown of a server that still holds the lock. */
const LOCK_TIMEOUT_MS = 3_000;
const RETRY_MS = 50;
const SQLITE_BUSY = 5;

/**
 * Locks the data folder for the life of this process. The operating system releases the lock when the process ends, so it
 * is never stale.
 *
 * @throws StartupError naming the process that holds it
 */
export async function lockDataFolder(dataDir: string): Promise<DataFolderLock> {
  const holderFile = path.resolve(dataDir, 'server.json');
  const unlock = await acquire(path.resolve(dataDir, 'server.lock'));
  if (unlock === null) throw await locked(dataDir, holderFile);
  const record = async (url: string | null) => {
    const temporary = `${holderFile}.new`; // only the holder of the lock writes
    await writeFile(temporary, `${JSON.stringify({ pid: process.pid, url })}\n`);
    await rename(temporary, holderFile);
  };
  await record(null);
  return {
    announce: record,
    async release() {
      const holder = await readHolder(holderFile); // another server's if the folder was deleted and created again
      if (holder?.pid === process.pid) await rm(holderFile, { force: true });
      unlock();
    },
  };
}

/** @returns a function that releases the lock, or null if another process holds it */
async function acquire(file: string): Promise<(() => void) | null> {
  // Node has no file locks. Those of SQLite work on every platform.
  const { DatabaseSync } = await import('node:sqlite');
  const until = performance.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    const lock = new DatabaseSync(file, { timeout: 0 });
    try {
      lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return () => lock.close();
    } catch (cause) {
      lock.close();
      if ((cause as { errcode?: number }).errcode !== SQLITE_BUSY) throw cause;
      if (performance.now() > until) return null;
      await sleep(RETRY_MS);
    }
  }
}

interface Holder {
  readonly pid: number;
  readonly url: string | null;
}

async function readHolder(file: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Holder;
  } catch {
    return null; // not written yet, or the folder was deleted
  }
}

async function locked(dataDir: string, holderFile: string): Promise<StartupError> {
  const holder = await readHolder(holderFile);
  const at = holder?.url === null || holder === null ? '' : ` at ${holder.url}`;
  const who = holder === null ? '' : `: process ${holder.pid}${at}`;
  return new StartupError(
    `Another server uses the data folder ${path.resolve(dataDir)}${who}. Stop it, or set DATA_DIR or DATABASE_URL.`,
  );
}
