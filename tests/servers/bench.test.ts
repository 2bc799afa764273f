import { spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { chmod, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/process.js';

interface BenchRun {
  readonly code: number | null;
  readonly output: string;
}

/** @param stopAt a text of its output, after which it gets SIGINT */
async function runBench(args: readonly string[], folder: string, stopAt?: string): Promise<BenchRun> {
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(process.execPath, [path.resolve('load/bench/http/main.ts'), ...args], { env, cwd: folder });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk);
      if (stopAt !== undefined && output.includes(stopAt)) child.kill('SIGINT');
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

/** A folder that the account of PostgreSQL can reach. */
async function benchFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await chmod(folder, 0o755);
  return folder;
}

/** Working folders of processes, below a folder. */
function workingFoldersIn(folder: string): string[] {
  const found = readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readlinkSync(`/proc/${pid}/cwd`)] : [];
    } catch {
      return []; // the process has ended since
    }
  });
  return found.filter((each) => each.startsWith(folder));
}

const SHORT = ['--cells', 'create,get,pages,status', '--callers', '4', '--rounds', '1', '--seconds', '1'];

test('npm run bench checks every answer and writes a report', async () => {
  const folder = await benchFolder();
  const { code, output } = await runBench([...SHORT, '--baselines', 'echo'], folder);
  expect(output).not.toContain('FAILED');
  expect(output).toMatch(/^create +4 +ordergraph +\d+/m);
  expect(output).toMatch(/^status +4 +echo +\d+/m);
  expect(code).toBe(0);
  expect(await readFile(path.join(folder, 'bench-report.html'), 'utf8')).toContain('<svg');
  expect(workingFoldersIn(folder)).toEqual([]);
});

test('Ctrl-C ends the bench and everything that it started', async () => {
  const folder = await benchFolder();
  const { code, output } = await runBench([...SHORT, '--baselines', 'none'], folder, ' runs (');
  expect(output).toContain('Stopped by SIGINT.');
  expect(code).toBe(1);
  expect(workingFoldersIn(folder)).toEqual([]);
});
