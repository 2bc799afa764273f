import { rename, rm, writeFile } from 'node:fs/promises';
import { get, type IncomingHttpHeaders } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { connectTo, postgresOn, usedDataDir } from '../support/embedded.js';
import { startProcess } from '../support/process.js';
import { createdOrder, createOrder } from '../support/order-requests.js';

/** Sends one request on a new connection. */
async function ready(url: string): Promise<{ status?: number; headers: IncomingHttpHeaders; body: unknown }> {
  return new Promise((resolve, reject) => {
    get(url.replace('/graphql', '/ready'), { agent: false, headers: { connection: 'keep-alive' } }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => {
        const { statusCode: status, headers } = response;
        resolve({ ...(status === undefined ? {} : { status }), headers, body: JSON.parse(text) });
      });
    }).on('error', reject);
  });
}

test('a running request is completed before a signal stops the server', async () => {
  const dataDir = await usedDataDir();
  const timeouts = { DATABASE_LOCK_TIMEOUT_MS: '60000', DATABASE_STATEMENT_TIMEOUT_MS: '60000' };
  const server = await startProcess({ DATA_DIR: dataDir, REQUEST_DEADLINE_MS: '60000', ...timeouts });
  const other = await connectTo(dataDir);
  await other.query('BEGIN; LOCK TABLE orders IN SHARE MODE');
  const creating = createOrder(server, { idempotencyKey: 'under way' });
  const waiting = async () => (await other.query('SELECT 1 FROM pg_locks WHERE NOT granted')).rowCount;
  await expect.poll(waiting).toBe(1);

  const ended = server.end('SIGTERM');
  await expect.poll(() => server.output()).toContain('shutdown started');
  const rejected = async () => ready(server.url).then(String, (cause: unknown) => (cause as { code?: string }).code);
  await expect.poll(rejected).toBe('ECONNREFUSED');
  await other.query('COMMIT');
  expect(await creating).toMatchObject({ order: { status: 'PENDING' }, userErrors: [] });
  expect(await ended).toMatchObject({ code: 0 });
  expect(postgresOn(dataDir)).toEqual([]);
});

test('a draining server is not ready and still serves requests', async () => {
  const server = await startProcess({ DATA_DIR: await usedDataDir(), SHUTDOWN_DELAY_MS: '4000' });
  expect(await ready(server.url)).toMatchObject({ status: 200, headers: { connection: 'keep-alive' } });
  process.kill(server.pid, 'SIGTERM');
  await expect
    .poll(async () => ready(server.url), { interval: 20 })
    .toMatchObject({
      status: 503,
      headers: { connection: 'keep-alive' },
      body: { status: 'draining', reason: 'shutting down' },
    });
  expect(await createdOrder(server)).toMatchObject({ status: 'PENDING' });
  expect(await server.exited).toBe(0);
});

test('a closed terminal stops the server and PostgreSQL', async () => {
  const dataDir = await usedDataDir();
  const server = await startProcess({ DATA_DIR: dataDir });
  server.closeOutput();
  expect(await server.end('SIGHUP')).toMatchObject({ code: 0 });
  expect(postgresOn(dataDir)).toEqual([]);
});

test('two SIGINT signals, from the terminal and from npm, cause one shutdown', async () => {
  const dataDir = await usedDataDir();
  const server = await startProcess({ DATA_DIR: dataDir });
  process.kill(server.pid, 'SIGINT');
  await expect.poll(() => server.output(), { interval: 5 }).toContain('shutdown started');
  expect(await server.end('SIGINT')).toMatchObject({ code: 0 });
  expect(postgresOn(dataDir)).toEqual([]);
});

test.each(['SIGTERM', 'SIGINT'] as const)('a second signal, %s, ends the server at once', async (second) => {
  const dataDir = await usedDataDir();
  const server = await startProcess({ DATA_DIR: dataDir, SHUTDOWN_DELAY_MS: '60000' });
  onTestFinished(() => postgresOn(dataDir).forEach((pid) => void process.kill(pid, 'SIGKILL')));
  process.kill(server.pid, 'SIGTERM');
  await expect.poll(() => server.output()).toContain('shutdown started');
  await sleep(1_100); // signals within a second count as one
  expect(await server.end(second)).toMatchObject({ code: 1, tookMs: expect.toSatisfy((ms: number) => ms < 2_000) });
});

test('the server exits with a message and status 1 when PostgreSQL ends', async () => {
  const dataDir = await usedDataDir();
  const server = await startProcess({ DATA_DIR: dataDir });
  for (const pid of postgresOn(dataDir)) process.kill(pid, 'SIGKILL');
  expect(await server.exited).toBe(1);
  expect(server.output()).toMatch(/"level":60,.*The embedded PostgreSQL stopped unexpectedly; see .*server\.log\./);
});

test('lost connections to a running PostgreSQL are replaced', async () => {
  const dataDir = await usedDataDir();
  const server = await startProcess({ DATA_DIR: dataDir });
  await createdOrder(server);
  const other = await connectTo(dataDir);
  const others =
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = $1';
  expect((await other.query(others, ['ordergraph'])).rowCount).toBeGreaterThan(1);
  const status = async () => (await createOrder(server, { idempotencyKey: 'again' }).catch(() => null))?.order?.status;
  await expect.poll(status, { timeout: 10_000 }).toBe('PENDING');
  expect(await server.end('SIGTERM')).toMatchObject({ code: 0 });
});

test.each([
  ['removed', (dataDir: string) => rm(dataDir, { recursive: true, maxRetries: 20, retryDelay: 20 })],
  ['moved', (dataDir: string) => rename(dataDir, `${dataDir}.moved`)], // PostgreSQL continues with the moved folder
])('a %s data folder stops the server within seconds with a message, and all processes end', async (_, lose) => {
  const dataDir = await usedDataDir();
  onTestFinished(() => rm(`${dataDir}.moved`, { recursive: true, force: true }));
  const server = await startProcess({ DATA_DIR: dataDir });
  await createdOrder(server);
  await lose(dataDir);
  expect(await server.exited).toBe(1);
  expect(server.output()).toMatch(
    new RegExp(`"level":60,.*The data folder ${dataDir} was removed or moved while the server was running\\.`),
  );
  expect(postgresOn(dataDir)).toEqual([]);
});

test('an unclean shutdown has exit status 1, and all processes end', async () => {
  const dataDir = await usedDataDir();
  const server = await startProcess({ DATA_DIR: dataDir });
  await writeFile(path.join(dataDir, 'postgres/postmaster.pid'), 'nonsense\n');
  expect(await server.end('SIGTERM')).toMatchObject({ code: 1 });
  expect(server.output()).toContain('shutdown failed');
  expect(postgresOn(dataDir)).toEqual([]);
});
