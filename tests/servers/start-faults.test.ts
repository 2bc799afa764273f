import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { postgresOn, usedDataDir } from '../support/embedded.js';
import { createdOrder, createOrder } from '../support/order-requests.js';
import { run, startProcess, temporaryFolder } from '../support/process.js';

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

test('a stale pid file and an unclean shutdown of PostgreSQL itself recover', async () => {
  const dataDir = await usedDataDir();
  const killed = await startProcess({ DATA_DIR: dataDir });
  const order = await createdOrder(killed, { idempotencyKey: 'survives' });
  await killed.end('SIGKILL');
  for (const pid of postgresOn(dataDir)) process.kill(pid, 'SIGKILL');
  await expect.poll(() => postgresOn(dataDir)).toEqual([]);
  expect(await readFile(path.join(dataDir, 'postgres/postmaster.pid'), 'utf8')).not.toBe('');
  const next = await startProcess({ DATA_DIR: dataDir });
  expect(await createOrder(next, { idempotencyKey: 'survives' })).toMatchObject({
    replayed: true,
    order: { id: order.id },
  });
});

test('a first start after an interrupted creation of the cluster starts again', async () => {
  const dataDir = await usedDataDir();
  execFileSync('rm', [path.join(dataDir, 'postgres/initialised'), path.join(dataDir, 'postgres/global/pg_control')]);
  const next = await startProcess({ DATA_DIR: dataDir });
  expect(await createdOrder(next)).toMatchObject({ status: 'PENDING' });
});

test('one of several concurrent servers on an empty folder serves requests; the others name its process', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  const starts = await Promise.all(Array.from({ length: 3 }, () => run({ DATA_DIR: dataDir })));
  const running = starts.filter((start) => 'pid' in start);
  onTestFinished(async () => {
    await Promise.all(running.map((server) => server.end('SIGTERM')));
  });
  expect(running).toHaveLength(1);
  for (const start of starts) {
    if ('pid' in start) expect(await createdOrder(start)).toMatchObject({ status: 'PENDING' });
    else expect(lastLine(start.stderr)).toMatch(/^Another server uses the data folder .*process \d+/);
  }
});

test('a start killed during the creation of the cluster does not block the next start', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  const killed = spawn(process.execPath, ['dist/main.js'], { env: { DATA_DIR: dataDir, PORT: '0' }, stdio: 'ignore' });
  const exited = new Promise((resolve) => killed.once('close', resolve));
  await expect.poll(() => existsSync(path.join(dataDir, 'postgres')), { timeout: 20_000, interval: 5 }).toBe(true);
  killed.kill('SIGKILL');
  await exited;
  await expect.poll(() => existsSync(path.join(dataDir, 'server.json'))).toBe(true); // it was not removed
  const next = await startProcess({ DATA_DIR: dataDir });
  expect(await createdOrder(next)).toMatchObject({ status: 'PENDING' });
});
