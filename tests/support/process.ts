import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { createClient, type TestClient } from './client.js';
import { FAST_DATABASE, PATIENT_QUEUES } from './database-url.js';

export interface ServerProcess extends TestClient {
  readonly pid: number;
  readonly output: () => string;
  /** Closes the reading end of its output, like a closed terminal. */
  readonly closeOutput: () => void;
  /** Resolves with the exit status. */
  readonly exited: Promise<number | null>;
  /** Sends the signal and waits for the exit. */
  readonly end: (signal?: NodeJS.Signals) => Promise<{ readonly code: number | null; readonly tookMs: number }>;
}

/** The account of the process, by default the current one. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

export interface FailedStart {
  readonly code: number | null;
  readonly stderr: string;
}

const MAIN = path.resolve('dist/main.js');
const START_TIMEOUT_MS = 30_000;

/** Runs the built server as a separate process. Resolves when it is ready or has exited. */
export async function run(
  env: Record<string, string>,
  cwd = tmpdir(),
  account: RunAs = {},
): Promise<ServerProcess | FailedStart> {
  const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  const child = spawn(process.execPath, [MAIN], {
    env: { ...inherited, PORT: '0', ...FAST_DATABASE, ...PATIENT_QUEUES, ...env },
    cwd,
    ...account,
  });
  const text = { stdout: '', stderr: '' };
  const ready = Promise.withResolvers<string | null>();
  child.stdout.on('data', (chunk) => {
    text.stdout += String(chunk);
    const url = /^ready (\S+)$/m.exec(text.stdout)?.[1];
    if (url !== undefined) ready.resolve(url);
  });
  child.stderr.on('data', (chunk) => (text.stderr += String(chunk)));
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  void exited.then(() => ready.resolve(null));
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
  const url = await ready.promise;
  clearTimeout(timer);
  if (url === null) return { code: await exited, stderr: text.stderr };
  const client = createClient(url);
  return {
    ...client,
    pid: child.pid ?? 0,
    output: () => text.stdout + text.stderr,
    closeOutput: () => {
      child.stdout.destroy();
      child.stderr.destroy();
    },
    exited,
    end: async (signal = 'SIGTERM') => {
      const began = performance.now();
      await client.dispose();
      child.kill(signal);
      return { code: await exited, tookMs: performance.now() - began };
    },
  };
}

/** Starts a server process, which is stopped with the test. Throws if it does not start. */
export async function startProcess(env: Record<string, string>, cwd?: string): Promise<ServerProcess> {
  const started = await run(env, cwd);
  if (!('pid' in started)) throw new Error(`the server did not start: ${started.stderr}`);
  onTestFinished(async () => {
    await started.end('SIGTERM');
  });
  return started;
}

/** Starts a server process that must fail to start. */
export async function failToStart(env: Record<string, string>, account?: RunAs): Promise<FailedStart> {
  const started = await run(env, undefined, account);
  if (!('pid' in started)) return started;
  await started.end('SIGTERM');
  throw new Error('the server started');
}

/** A folder that is removed at the end of the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ordergraph-e2e-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A free port. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
