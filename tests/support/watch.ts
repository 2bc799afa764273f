import { spawn } from 'node:child_process';
import path from 'node:path';
import { onTestFinished } from 'vitest';

export interface WatchedEvent {
  readonly orderId: string;
  readonly version: number;
  readonly type: string;
  readonly resumeCursor: string;
}

export interface Watcher {
  readonly events: () => readonly WatchedEvent[];
  readonly stderr: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Resolves with the exit status, or null if a signal ended the process. */
  readonly exited: Promise<number | null>;
}

/** Runs `npm run cli -- watch` without npm. */
export function startWatch(words: readonly string[], env: Record<string, string> = {}): Watcher {
  const args = [path.resolve('dist/cli/main.js'), 'watch', ...words];
  const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'] ?? '', ...env }, cwd: '/' });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  return {
    events: () =>
      stdout
        .split('\n')
        .slice(0, -1) // complete lines
        .map((line) => JSON.parse(line) as WatchedEvent),
    stderr: () => stderr,
    kill: (signal) => child.kill(signal),
    exited: new Promise((resolve) => child.once('close', (code) => resolve(code))),
  };
}
