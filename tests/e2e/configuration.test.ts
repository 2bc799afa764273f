import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, inject, test } from 'vitest';
import { failToStart, freePort } from '../support/process.js';

const PASSWORD = 'hunter2-of-the-test';

test('a wrong URL is reported by the name of its variable, never with its password', async () => {
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

test('a database that cannot be used is reported without the password of its URL, by the server and by the commands', async () => {
  const denied = new URL(inject('postgresUrl'));
  denied.password = PASSWORD;
  denied.username = 'nobody-of-the-test';
  const { code, stderr } = await failToStart({ DATABASE_URL: denied.href });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^The database at .* cannot be used: .*nobody-of-the-test/m);
  expect(stderr).not.toContain(PASSWORD);

  const closed = `postgresql://me:${PASSWORD}@127.0.0.1:${await freePort()}/orders`;
  const env = { PATH: process.env['PATH'] ?? '', DATABASE_URL: closed };
  const command = spawnSync(process.execPath, [path.resolve('dist/cli/migrate.js')], { env, encoding: 'utf8' });
  expect(command.status).toBe(1);
  expect(command.stderr).toMatch(/^The database at 127\.0\.0\.1:\d+ cannot be used: /);
  expect(command.stderr).not.toContain(PASSWORD);
});

test('without authentication a server listens elsewhere than on loopback only where AUTH_MODE=open says so', async () => {
  const { code, stderr } = await failToStart({ DATABASE_URL: inject('postgresUrl'), HOST: '0.0.0.0' });
  expect(code).toBe(1);
  expect(stderr).toContain('Set AUTH_MODE=open');
});
