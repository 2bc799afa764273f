import { spawnSync } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { failToStart, freePort } from '../support/process.js';

const PASSWORD = 'hunter2-of-the-test';

test('an invalid URL is reported by the name of its variable without the password', async () => {
  const wrong = {
    DATABASE_URL: `mysql://me:${PASSWORD}@127.0.0.1/orders`,
    DATABASE_DIRECT_URL: `postgresql://me:${PASSWORD}@127.0.0.1:port/orders`,
    PRODUCT_SERVICE_URL: `http://me:${PASSWORD}@127.0.0.1/?key=${PASSWORD}`,
  };
  const { code, stderr } = await failToStart(wrong);
  expect(code).toBe(1);
  for (const name of Object.keys(wrong)) expect(stderr).toMatch(new RegExp(`^ *${name} must be a .*URL$`, 'm'));
  expect(stderr).not.toContain(PASSWORD);
});

test('the server and the commands report an unusable database without the password of its URL', async () => {
  const denied = new URL(inject('postgresUrl'));
  denied.password = PASSWORD;
  denied.username = 'unknown-user';
  const { code, stderr } = await failToStart({ DATABASE_URL: denied.href });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^The database at .* cannot be used: .*unknown-user/m);
  expect(stderr).not.toContain(PASSWORD);

  const closed = `postgresql://me:${PASSWORD}@127.0.0.1:${await freePort()}/orders`;
  const env = { PATH: process.env['PATH'] ?? '', DATABASE_URL: closed };
  const command = spawnSync(process.execPath, [path.resolve('dist/cli/migrate.js')], { env, encoding: 'utf8' });
  expect(command.status).toBe(1);
  expect(command.stderr).toMatch(/^The database at 127\.0\.0\.1:\d+ cannot be used: /);
  expect(command.stderr).not.toContain(PASSWORD);
});

test('without authentication a server listens beyond loopback only with AUTH_MODE=open', async () => {
  const { code, stderr } = await failToStart({ DATABASE_URL: inject('postgresUrl'), HOST: '0.0.0.0' });
  expect(code).toBe(1);
  expect(stderr).toContain('or AUTH_MODE=open to serve every client as admin.');
});

test('an unexpected failure stops the server with one line without the properties of the error', async () => {
  const silent = createServer(); // the server waits for it
  onTestFinished(() => void silent.close());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const throwingScript = `const timer = setInterval(() => {
    if (process.listenerCount('uncaughtException') === 0) return;
    clearInterval(timer);
    throw Object.assign(new Error('thrown by the test'), { client: { password: process.env.THROWN } });
  }, 10);`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(throwingScript)}`;
  const { code, stderr } = await failToStart({
    DATABASE_URL: `postgresql://me@127.0.0.1:${port}/orders`,
    NODE_OPTIONS,
  });
  expect(code).toBe(1);
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.at(-1)).toMatchObject({ level: 60, err: { message: 'thrown by the test' } });
  expect(stderr).not.toContain(PASSWORD);
});
