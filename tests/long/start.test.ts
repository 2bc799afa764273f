import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { connectTo, embeddedUrl, postgresOn, usedDataDir } from '../support/embedded.js';
import { createdOrder, createOrder } from '../support/order-requests.js';
import { failToStart, startProcess, temporaryFolder } from '../support/process.js';

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

test('a second start keeps the data, and a stop ends all processes', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  const first = await startProcess({ DATA_DIR: dataDir });
  const order = await createdOrder(first, { idempotencyKey: 'kept' });
  expect(postgresOn(dataDir)).not.toEqual([]);
  expect(await first.end('SIGINT')).toMatchObject({ code: 0 });
  expect(postgresOn(dataDir)).toEqual([]);

  const second = await startProcess({ DATA_DIR: dataDir });
  expect(await createOrder(second, { idempotencyKey: 'kept' })).toMatchObject({
    replayed: true,
    order: { id: order.id },
  });
  const { code, tookMs } = await second.end('SIGTERM');
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(10_000);
  expect(postgresOn(dataDir)).toEqual([]);
});

test('a server that starts after a killed one uses the running PostgreSQL', async () => {
  const dataDir = await usedDataDir();
  const killed = await startProcess({ DATA_DIR: dataDir });
  const order = await createdOrder(killed, { idempotencyKey: 'survives' });
  await killed.end('SIGKILL');
  expect(postgresOn(dataDir)).not.toEqual([]);
  const next = await startProcess({ DATA_DIR: dataDir });
  expect(await createOrder(next, { idempotencyKey: 'survives' })).toMatchObject({
    replayed: true,
    order: { id: order.id },
  });
  await next.end('SIGTERM');
  expect(postgresOn(dataDir)).toEqual([]);
});

test('a second server on a data folder fails and names the process of the first', async () => {
  const dataDir = await usedDataDir();
  const first = await startProcess({ DATA_DIR: dataDir });
  const { code, stderr } = await failToStart({ DATA_DIR: dataDir });
  expect(code).toBe(1);
  expect(lastLine(stderr)).toBe(
    `Another server uses the data folder ${dataDir}: process ${first.pid} at ${first.url}. Stop it, or set DATA_DIR or DATABASE_URL.`,
  );
  expect(await createdOrder(first)).toMatchObject({ status: 'PENDING' }); // the first is not affected
  await first.end('SIGTERM');
  expect(existsSync(path.join(dataDir, 'server.json'))).toBe(false);
});

test('the embedded PostgreSQL listens only on loopback, requires a password, and has private files', async () => {
  const dataDir = await usedDataDir();
  await startProcess({ DATA_DIR: dataDir });
  const modeOf = (file: string) => statSync(path.join(dataDir, file)).mode & 0o777;
  expect([modeOf('postgres.password'), modeOf('postgres')]).toEqual([0o600, 0o700]);
  expect(readdirSync(dataDir).filter((name) => name.startsWith('.initdb'))).toEqual([]);

  const url = await embeddedUrl(dataDir);
  const connectWith = async (change: (url: URL) => void) => {
    const changed = new URL(url);
    change(changed);
    const client = new Client({ connectionString: changed.href, connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined); // connect() reports the failure
    return client.connect().then(
      async () => client.end().then(() => 'connected'),
      (cause: unknown) => (cause as { code?: string }).code,
    );
  };
  expect(await connectWith(() => undefined)).toBe('connected');
  expect(await connectWith((changed) => (changed.password = 'wrong'))).toBe('28P01');
  const external = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  // On Linux all addresses of 127.0.0.0/8 are local.
  const other = external ?? '127.0.0.2';
  expect(await connectWith((changed) => (changed.hostname = other))).toBe('ECONNREFUSED');
  const admin = await connectTo(dataDir);
  expect((await admin.query('SHOW listen_addresses')).rows).toEqual([{ listen_addresses: '127.0.0.1' }]);
  expect((await admin.query('SELECT DISTINCT auth_method FROM pg_hba_file_rules')).rows).toEqual([
    { auth_method: 'scram-sha-256' },
  ]);
});

test('a port in use is reported in one sentence, and all processes end', async () => {
  const dataDir = await usedDataDir();
  const blocker = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void blocker.close());
  await new Promise((resolve) => blocker.once('listening', resolve));
  const { port } = blocker.address() as AddressInfo;
  const { code, stderr } = await failToStart({ DATA_DIR: dataDir, PORT: String(port) });
  expect(code).toBe(1);
  expect(lastLine(stderr)).toBe(`Port ${port} on 127.0.0.1 is already in use. Set PORT to another port.`);
  expect(postgresOn(dataDir)).toEqual([]);
});

test('a data folder that is not writable is reported in one sentence', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'a-file');
  await writeFile(file, '');
  const { code, stderr } = await failToStart({ DATA_DIR: path.join(file, 'data') });
  expect(code).toBe(1);
  expect(lastLine(stderr)).toMatch(
    /^The data folder .* is not writable \(ENOTDIR\)\. Set DATA_DIR to a writable folder\.$/,
  );
});

test('a data folder without write permission is reported in one sentence', async ({ skip }) => {
  const folder = await temporaryFolder();
  await chmod(folder, 0o555);
  // Root can write everywhere, so the server runs as another account, which must be able to read the build.
  const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const reach = spawnSync(process.execPath, ['--check', path.resolve('dist/main.js')], { ...account, cwd: '/' });
  skip(reach.status !== 0, 'another account cannot reach this checkout');
  const { code, stderr } = await failToStart({ DATA_DIR: path.join(folder, 'data') }, account);
  expect(code).toBe(1);
  expect(lastLine(stderr)).toMatch(
    /^The data folder .* is not writable \(EACCES\)\. Set DATA_DIR to a writable folder\.$/,
  );
});

test('an unreachable database is reported in one sentence', async () => {
  const { code, stderr } = await failToStart({
    DATABASE_URL: 'postgresql://user:secret@127.0.0.1:1/none',
    DATABASE_WAIT_MS: '0',
  });
  expect(code).toBe(1);
  expect(lastLine(stderr)).toMatch(/^The database at 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/);
  expect(stderr).not.toContain('secret');
});

test('an invalid configuration is reported and nothing is started', async () => {
  const { code, stderr } = await failToStart({ PORT: 'http', WRITE_LANES: '0' });
  expect(code).toBe(1);
  expect(stderr).toContain('PORT must be a whole number from 0 to 65535; it is "http"');
  expect(stderr).toContain('WRITE_LANES must be');
});

test('a .env file in the working folder is read; environment variables take precedence', async () => {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, '.env'), 'DATA_DIR=data-of-env-file\nREQUEST_MAX_BYTES=2000\nLOG_LEVEL=fatal\n');
  const server = await startProcess({ LOG_LEVEL: 'info' }, folder);
  expect(existsSync(path.join(folder, 'data-of-env-file/postgres/PG_VERSION'))).toBe(true);
  const tooLarge = await server.request(`{ __typename } # ${'x'.repeat(2_000)}`);
  expect(tooLarge).toMatchObject({ status: 413, errors: [{ message: 'The body must have at most 2000 bytes.' }] });
  expect(server.output()).toContain('"level":30');
});
