import { spawn, spawnSync } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../support/client.js';
import { postgresOn, usedDataDir } from '../support/embedded.js';
import { createdOrder } from '../support/order-requests.js';

async function npmStart(dataDir: string) {
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', PORT: '0', DATA_DIR: dataDir };
  const child = spawn('npm', ['start'], { env, detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const pid = child.pid ?? 0;
  onTestFinished(() => {
    const remaining = [...(groupOf(pid) === '' ? [] : [-pid]), ...postgresOn(dataDir)]; // if the test fails
    for (const each of remaining) process.kill(each, 'SIGKILL');
  });
  await expect.poll(() => /^ready (\S+)$/m.exec(output)?.[1], { timeout: 60_000 }).toBeDefined();
  return { pid, url: /^ready (\S+)$/m.exec(output)?.[1] ?? '' };
}

/** The processes of the process group of npm. */
function groupOf(pid: number): string {
  return spawnSync('ps', ['-eo', 'pgid=,stat=,args='], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => Number.parseInt(line, 10) === pid && !/^\s*\d+\s+Z/.test(line))
    .join('\n');
}

test.each([
  ['SIGTERM to npm', 'SIGTERM', 1],
  ['SIGINT to npm', 'SIGINT', 1],
  ['SIGKILL to npm', 'SIGKILL', 1],
  ['Ctrl-C to npm and the server', 'SIGINT', -1],
  ['a closed terminal for npm and the server', 'SIGHUP', -1],
] as const)('%s stops the server and PostgreSQL', async (_, signal, to) => {
  const dataDir = await usedDataDir();
  const { pid, url } = await npmStart(dataDir);
  await createdOrder(createClient(url));
  process.kill(to * pid, signal);
  await expect.poll(() => groupOf(pid), { timeout: 30_000 }).toBe('');
  expect(postgresOn(dataDir)).toEqual([]);
});
