// A server as a process of its own.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

export interface ChildServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

export interface ChildServerOptions {
  readonly name: string;
  /** The program and its arguments, run by this Node.js. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where its log is written, and its working folder. */
  readonly folder: string;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

/** Starts a server that prints `ready URL`, with no variables of the environment but those given. */
export async function startChildServer({ name, args, env, folder }: ChildServerOptions): Promise<ChildServer> {
  const logFile = path.join(folder, `${name}.log`);
  const log = createWriteStream(logFile);
  const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  // A process group of its own: Ctrl-C in a terminal reaches this process only, which ends the server.
  const options = { cwd: folder, env: { ...inherited, ...env }, detached: true } as const;
  const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.pipe(log);
  const ready = Promise.withResolvers<string | null>();
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void exited.then(() => ready.resolve(null));
  let output = '';
  child.stdout.on('data', (chunk) => {
    output = (output + String(chunk)).slice(-1_000);
    const found = /^ready (\S+)$/m.exec(output)?.[1];
    if (found !== undefined) ready.resolve(found);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
  const url = await ready.promise;
  clearTimeout(timer);
  if (url === null) {
    const text = await readFile(logFile, 'utf8');
    throw new Error(`The server ${name} did not start: ${text.slice(-2_000)}`);
  }
  return {
    url,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}
