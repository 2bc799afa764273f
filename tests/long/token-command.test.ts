import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { expect, test, vi } from 'vitest';
import { createClient } from '../support/client.js';
import { serverForTest, useDatabase } from '../support/fixture.js';
import { startProcess, temporaryFolder } from '../support/process.js';
import { AUTH_ENV } from '../support/tokens.js';

const database = useDatabase();
const ENV = { PATH: process.env['PATH'] ?? '', ...AUTH_ENV, AUTH_ISSUER: 'issuer', AUTH_AUDIENCE: 'orders' };

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function cli(words: readonly string[], env: Record<string, string> = ENV, cwd = '/'): Promise<Result> {
  const command = [path.resolve('dist/cli/main.js'), ...words];
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { env, cwd });
    return { code: 0, stdout, stderr };
  } catch (cause) {
    return cause as Result;
  }
}

test('a token of the command is accepted by a server with the same secret', async () => {
  const server = await serverForTest(database, ENV);
  const { stdout, stderr } = await cli(['token', '--role', 'staff', '--subject', 'sam']);
  expect([stdout.split('\n').length, stderr]).toEqual([2, '']);
  const token = stdout.trim();
  expect(await createClient(server.url, token).get('{ viewer { subject roles } }')).toEqual({
    viewer: { subject: 'sam', roles: ['staff'] },
  });
  const { iat = 0, exp = 0 } = decodeJwt(token);
  expect(exp - iat).toBe(3_600);
});

test('the role, the subject and the duration are options', async () => {
  const { stdout } = await cli(['token', '--role=customer', '--expires-in', '90s'], {
    ...ENV,
    AUTH_ALGORITHMS: 'HS256',
  });
  const { iat = 0, exp = 0, ...claims } = decodeJwt(stdout.trim());
  expect(claims).toEqual({ sub: 'developer', roles: ['customer'], iss: 'issuer', aud: 'orders' });
  expect(exp - iat).toBe(90);
  expect(decodeProtectedHeader(stdout.trim())).toEqual({ alg: 'HS256', typ: 'JWT' });
});

test('the secret is read from .env', async () => {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, '.env'), `AUTH_JWT_SECRET=${AUTH_ENV.AUTH_JWT_SECRET}\n`);
  expect(await cli(['token', '--role', 'admin'], {}, folder)).toMatchObject({ code: 0 });
});

test.each<readonly [string[], RegExp]>([
  [['token'], /--role must be one of admin, staff, customer\.\nUsage: npm run cli -- token \[--role ROLE\]/],
  [['token', '--role', 'owner'], /--role must be one of/],
  [['token', '--role', 'staff', '--expires-in', '1w'], /--expires-in must be/],
  [['token', '--role', 'staff', '--expires-in', '0h'], /--expires-in must be/],
  [['token', '--role', 'staff', '--expires-in', '400d'], /--expires-in must be/],
  [['token', '--role', 'staff', '--hours', '1'], /--hours.*\nUsage/s],
  [['tokens'], /There is no command tokens\.\nUsage: npm run cli -- NAME/],
])('cli %j is rejected', async (words, message) => {
  const { code, stdout, stderr } = await cli(words);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
});

test('a server with a secret starts on any address in production, without the warning of an open server', async () => {
  const { stdout } = await cli(['token', '--role', 'staff']);
  const token = stdout.trim();
  const production = { HOST: '0.0.0.0', NODE_ENV: 'production', DATABASE_URL: database.url, DATABASE_MIGRATE: 'never' };
  const server = await startProcess({ ...ENV, ...production });
  const { hostname, port } = new URL(server.url);
  expect(hostname).toBe('0.0.0.0');
  const url = `http://127.0.0.1:${port}/graphql`;
  await createClient(url, token).get('{ viewer { subject } }');
  expect((await createClient(url).request('{ viewer { subject } }')).status).toBe(401);

  const watch = async (words: readonly string[]) => {
    const command = [path.resolve('dist/cli/main.js'), 'watch', '--url', url, ...words];
    const watching = execFile(process.execPath, command, { env: ENV });
    let printed = '';
    watching.stderr?.on('data', (chunk) => (printed += String(chunk)));
    await vi.waitUntil(() => printed !== '', { timeout: 20_000 });
    watching.kill();
    return printed;
  };
  expect(await watch([])).toMatch(/A bearer token is required in Authorization\. Set --token\./);
  expect(await watch(['--token', token])).toMatch(/^watching all orders/);
  expect(server.output()).not.toContain('No authentication is configured');
  expect(server.output()).not.toContain(token.slice(0, 20));
  expect(server.output()).not.toContain(AUTH_ENV.AUTH_JWT_SECRET);
});

test('without a secret the command explains what to set', async () => {
  const { code, stderr } = await cli(['token', '--role', 'staff'], {});
  expect(code).toBe(1);
  expect(stderr).toMatch(/^AUTH_JWT_SECRET is not set\..*\n$/);
  expect((await cli([], {})).stdout).toMatch(/^Usage: npm run cli -- NAME/);
});
