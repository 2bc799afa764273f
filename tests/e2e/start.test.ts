import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { create, placed } from '../support/queries.js';
import { failToStart, startProcess, temporaryFolder, type ServerProcess } from '../support/process.js';

/** PostgreSQL processes that work on this data folder. */
function postgresOn(folder: string): number[] {
  const processes = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).split('\n');
  return processes
    .filter((line) => line.includes('bin/postgres') && line.includes(folder))
    .map((line) => Number.parseInt(line, 10));
}

test('a second start keeps the data, and a stop leaves no process behind', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  const first = await startProcess({ DATA_DIR: dataDir });
  const order = await placed(first, { idempotencyKey: 'kept' });
  expect(postgresOn(dataDir)).not.toEqual([]);
  expect(await first.end('SIGINT')).toMatchObject({ code: 0 });
  expect(postgresOn(dataDir)).toEqual([]);

  const second = await startProcess({ DATA_DIR: dataDir });
  expect(await create(second, { idempotencyKey: 'kept' })).toMatchObject({ replayed: true, order: { id: order.id } });
  const { code, tookMs } = await second.end('SIGTERM');
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(10_000);
  expect(postgresOn(dataDir)).toEqual([]);
});

test('a server that was killed is followed by one that takes its PostgreSQL over', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  const killed = await startProcess({ DATA_DIR: dataDir });
  const order = await placed(killed, { idempotencyKey: 'survives' });
  await killed.end('SIGKILL');
  expect(postgresOn(dataDir)).not.toEqual([]);
  const next = await startProcess({ DATA_DIR: dataDir });
  expect(await create(next, { idempotencyKey: 'survives' })).toMatchObject({ replayed: true, order: { id: order.id } });
  await next.end('SIGTERM');
  expect(postgresOn(dataDir)).toEqual([]);
});

test('a stale pid file and an unclean shutdown of PostgreSQL itself recover', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  const killed = await startProcess({ DATA_DIR: dataDir });
  const order = await placed(killed, { idempotencyKey: 'survives' });
  await killed.end('SIGKILL');
  for (const pid of postgresOn(dataDir)) process.kill(pid, 'SIGKILL');
  await expect.poll(() => postgresOn(dataDir)).toEqual([]);
  expect(await readFile(path.join(dataDir, 'postgres/postmaster.pid'), 'utf8')).not.toBe('');
  const next = await startProcess({ DATA_DIR: dataDir });
  expect(await create(next, { idempotencyKey: 'survives' })).toMatchObject({ replayed: true, order: { id: order.id } });
});

test('a first start that was cut off while it made the cluster is begun anew', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  const first = await startProcess({ DATA_DIR: dataDir });
  await first.end('SIGTERM');
  execFileSync('rm', [path.join(dataDir, 'postgres/initialised'), path.join(dataDir, 'postgres/global/pg_control')]);
  const next = await startProcess({ DATA_DIR: dataDir });
  expect(await placed(next)).toMatchObject({ status: 'PENDING' });
});

test('two servers do not share one data folder', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  const first = await startProcess({ DATA_DIR: dataDir });
  const { code, stderr } = await failToStart({ DATA_DIR: dataDir });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Another Ordergraph is running on the data folder .*\.$/m);
  expect(await placed(first)).toMatchObject({ status: 'PENDING' }); // the first is untouched
});

test('a taken port is one clear sentence, and nothing stays behind', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as AddressInfo;
  const { code, stderr } = await failToStart({ DATA_DIR: dataDir, PORT: String(port) });
  expect(code).toBe(1);
  expect(stderr.trim().split('\n').at(-1)).toBe(`Port ${port} on 127.0.0.1 is taken. Set PORT to another one.`);
  expect(postgresOn(dataDir)).toEqual([]);
});

test('a data folder that cannot be written is one clear sentence', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'a-file');
  await writeFile(file, '');
  const { code, stderr } = await failToStart({ DATA_DIR: path.join(file, 'data') });
  expect(code).toBe(1);
  expect(stderr.trim().split('\n').at(-1)).toMatch(
    /^The data folder .* cannot be written \(ENOTDIR\)\. Set DATA_DIR to one that can\.$/,
  );
  await chmod(folder, 0o500);
  if (process.getuid?.() === 0) return; // root writes everywhere
  const readOnly = await failToStart({ DATA_DIR: path.join(folder, 'data') });
  expect(readOnly.stderr.trim().split('\n').at(-1)).toMatch(/cannot be written \(EACCES\)/);
});

test('a database that is not there is one clear sentence', async () => {
  const { code, stderr } = await failToStart({ DATABASE_URL: 'postgresql://nobody:secret@127.0.0.1:1/none' });
  expect(code).toBe(1);
  expect(stderr.trim().split('\n').at(-1)).toMatch(/^The database at 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/);
  expect(stderr).not.toContain('secret');
});

test('a wrong configuration lists what is wrong and starts nothing', async () => {
  const { code, stderr } = await failToStart({ PORT: 'http', WRITE_LANES: '0' });
  expect(code).toBe(1);
  expect(stderr).toContain('PORT must be a whole number from 0 to 65535; it is "http"');
  expect(stderr).toContain('WRITE_LANES must be');
});

test('a .env file in the working folder is read; what is set already wins', async () => {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, '.env'), 'DATA_DIR=data-of-env-file\nREQUEST_MAX_BYTES=2000\nLOG_LEVEL=fatal\n');
  const server = await startProcess({ LOG_LEVEL: 'info' }, folder);
  expect(existsSync(path.join(folder, 'data-of-env-file/postgres/PG_VERSION'))).toBe(true);
  const tooLarge = await server.ask(`{ __typename } # ${'x'.repeat(2_000)}`);
  expect(tooLarge).toMatchObject({ status: 413, errors: [{ message: 'The body must have at most 2000 bytes.' }] });
  expect(server.output()).toContain('"level":30');
});

test('a signal under load stops the server cleanly', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  const server: ServerProcess = await startProcess({ DATA_DIR: dataDir });
  const asking = placed(server, { idempotencyKey: 'under way' });
  const ended = server.end('SIGTERM');
  await asking.catch(() => undefined); // it may have come too late to be taken
  expect(await ended).toMatchObject({ code: 0 });
  expect(postgresOn(dataDir)).toEqual([]);
});
