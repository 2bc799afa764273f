import { execFile } from 'node:child_process';
import path from 'node:path';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the built program, outside of the repository so that its `.env` does not count. */
export async function runCli(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> {
  const command = [path.resolve('dist/cli/main.js'), ...words];
  const inherited = { PATH: process.env['PATH'] ?? '' };
  return new Promise((resolve) => {
    const options = { env: { ...inherited, ...env }, cwd: '/', maxBuffer: 100_000_000 };
    execFile(process.execPath, command, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? 1);
      resolve({ code, stdout, stderr });
    });
  });
}
