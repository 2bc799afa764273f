import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Interval of the checks of the process and the data folder. */
const WATCH_MS = 500;

const STOP_TIMEOUT_MS = 10_000;

export interface Running {
  readonly port: number;
  /** Of the postmaster. */
  readonly pid: number;
}

/** The PostgreSQL that runs on this folder because its server was killed, or null. */
export async function findRunning(folder: string): Promise<Running | null> {
  const found = await readPidFile(folder);
  if (found === null) return null;
  if (await isPostgres(found.pid, folder)) return found;
  await rm(pidFileOf(folder), { force: true });
  return null;
}

export function pidFileOf(folder: string): string {
  return path.join(folder, 'postmaster.pid');
}

export async function readPidFile(folder: string): Promise<Running | null> {
  const text = await readFile(pidFileOf(folder), 'utf8').catch(() => null);
  if (text === null) return null;
  const [pid, , , port] = text.split('\n');
  return { pid: Number(pid), port: Number(port) };
}

/** PostgreSQL and pg_ctl accept any process with this id, even a zombie or another program. */
export async function isPostgres(pid: number, folder: string): Promise<boolean> {
  if (!existsSync('/proc/self/cmdline')) return isAlive(pid);
  try {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return command.includes('postgres') && command.includes(folder);
  } catch {
    return isAlive(pid); // it has ended, or this process has no free file descriptor
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // no such process
  }
}

/** Detects the end of PostgreSQL, and the loss of its folder, which PostgreSQL itself detects a minute later. */
export function watch(folder: string, pid: number, onLost: (reason: string) => void): NodeJS.Timeout {
  const look = async () => {
    const reason = !existsSync(pidFileOf(folder))
      ? `The data folder ${path.dirname(folder)} was removed or moved while the server was running. Move it back, or start the server again with an empty data folder.`
      : (await isPostgres(pid, folder))
        ? null
        : `The embedded PostgreSQL stopped unexpectedly; see ${path.join(folder, 'server.log')}.`;
    if (reason === null) return;
    clearInterval(timer);
    onLost(reason);
  };
  const timer = setInterval(() => void look(), WATCH_MS);
  return timer;
}

/** Ends PostgreSQL without a checkpoint; it recovers at its next start. */
export async function endAtOnce(folder: string, pid: number): Promise<void> {
  process.kill(pid, 'SIGQUIT');
  const until = performance.now() + STOP_TIMEOUT_MS;
  while ((await isPostgres(pid, folder)) && performance.now() < until) await sleep(20);
}
