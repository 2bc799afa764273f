import { rename, rm, writeFile } from 'node:fs/promises';
import { get, type IncomingHttpHeaders } from 'node:http';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connectTo, postgresOn, usedDataDir } from '../support/embedded.js';
import { startProcess } from '../support/process.js';
import { createdOrder, createOrder } from '../support/order-requests.js';

/** One request on a connection of its own. */
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

test('a request under way is answered before a signal ends the server', async () => {
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

test('while it drains the server says that it is not ready, closes connections, and still serves', async () => {
  const server = await startProcess({ DATA_DIR: await usedDataDir(), SHUTDOWN_DRAIN_MS: '4000' });
  expect(await ready(server.url)).toMatchObject({ status: 200, headers: { connection: 'keep-alive' } });
  process.kill(server.pid, 'SIGTERM');
  await expect
    .poll(async () => ready(server.url), { interval: 20 })
    .toMatchObject({
      status: 503,
      headers: { connection: 'close' },
      body: { status: 'unavailable', reason: 'shutting down' },
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

test('Ctrl-C that arrives twice, once from the terminal and once from npm, is one request to stop', async () => {
  const dataDir = await usedDataDir();
  const server = await startProcess({ DATA_DIR: dataDir });
  process.kill(server.pid, 'SIGINT');
  await expect.poll(() => server.output(), { interval: 5 }).toContain('shutdown started');
  expect(await server.end('SIGINT')).toMatchObject({ code: 0 });
  expect(postgresOn(dataDir)).toEqual([]);
});

test('the end of PostgreSQL ends the server with a sentence and exit status 1', async () => {
  const dataDir = await usedDataDir();
  const server = await startProcess({ DATA_DIR: dataDir });
  for (const pid of postgresOn(dataDir)) process.kill(pid, 'SIGKILL');
  expect(await server.exited).toBe(1);
  expect(server.output()).toMatch(/"level":60,.*The embedded PostgreSQL stopped unexpectedly; see .*server\.log\./);
});

test('lost connections to a PostgreSQL that lives are opened again', async () => {
  const dataDir = await usedDataDir();
  const server = await startProcess({ DATA_DIR: dataDir });
  await createdOrder(server);
  const other = await connectTo(dataDir);
  const others =
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = $1';
  expect((await other.query(others, ['ordergraph'])).rowCount).toBeGreaterThan(1);
  const again = async () => (await createOrder(server, { idempotencyKey: 'again' }).catch(() => null))?.order?.status;
  await expect.poll(again, { timeout: 10_000 }).toBe('PENDING');
  expect(await server.end('SIGTERM')).toMatchObject({ code: 0 });
});

test.each([
  ['removed', (dataDir: string) => rm(dataDir, { recursive: true, maxRetries: 20, retryDelay: 20 })],
  ['moved', (dataDir: string) => rename(dataDir, `${dataDir}.moved`)], // PostgreSQL continues in it unnoticed
])(
  'a data folder that is %s ends the server within seconds, says so, and leaves no process behind',
  async (_, lose) => {
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
  },
);

test('a shutdown that is not clean is exit status 1, and leaves no process behind either', async () => {
  const dataDir = await usedDataDir();
  const server = await startProcess({ DATA_DIR: dataDir });
  await writeFile(path.join(dataDir, 'postgres/postmaster.pid'), 'nonsense\n');
  expect(await server.end('SIGTERM')).toMatchObject({ code: 1 });
  expect(server.output()).toContain('shutdown failed');
  expect(postgresOn(dataDir)).toEqual([]);
});
