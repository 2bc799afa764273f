// The packages of the servers that Ordergraph is compared with. They are not packages of Ordergraph.
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { readFile, utimes } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Setting } from './servers.ts';

export const BASELINE_FOLDER = path.resolve(import.meta.dirname, '../../baseline');

/** Installs the packages of load/baseline where they are missing or old, and builds. */
export async function installBaselines({ say, signal }: Pick<Setting, 'say' | 'signal'>): Promise<void> {
  const npm = (...args: string[]) =>
    promisify(execFile)('npm', [...args, '--prefix', BASELINE_FOLDER], { cwd: BASELINE_FOLDER, signal });
  const installed = path.join(BASELINE_FOLDER, 'node_modules/.package-lock.json');
  if (timeOf(installed) < timeOf(path.join(BASELINE_FOLDER, 'package-lock.json'))) {
    say('installing the baselines, about 650 MB; this happens once');
    await npm('ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
    await utimes(installed, new Date(), new Date());
  }
  say('building the baselines');
  await npm('run', '--silent', 'build');
}

export async function readBaselineFile(name: string): Promise<string> {
  return readFile(path.join(BASELINE_FOLDER, name), 'utf8');
}

function timeOf(file: string): number {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}
