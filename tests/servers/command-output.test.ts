import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { beforeAll, expect, test } from 'vitest';
import { runCli } from '../support/cli.js';
import { failToStart, freePort, startProcess, temporaryFolder, type ServerProcess } from '../support/process.js';
import { createdOrder } from '../support/order-requests.js';

const MAIN = path.resolve('dist/main.js');
const CLI = path.resolve('dist/cli/main.js');
/** An unreachable database: the start logs its first line and fails. */
const NO_DATABASE = {
  DATABASE_URL: 'postgresql://user@127.0.0.1:1/none',
  DATABASE_WAIT_MS: '0',
  PATH: process.env['PATH'] ?? '',
};
const FIRST_LINE = 'No authentication is configured';

test('the ready line is followed by the URL of the playground, and watch prints its filter', async () => {
  const folder = await temporaryFolder();
  const port = await freePort();
  await writeFile(path.join(folder, '.env'), `PORT=${port}\nDATA_DIR=data\n`);
  // Environment variables take precedence over the file, and startProcess sets PORT.
  const server: ServerProcess = await startProcess({ PORT: String(port) }, folder);
  await expect.poll(server.output).toContain(`ready ${server.url}\nplayground ${server.url.replace('graphql', '')}\n`);
  const playground = await fetch(server.url.replace('graphql', ''));
  expect(playground.headers.get('content-type')).toMatch(/^text\/html/);

  const { id } = await createdOrder(server);
  const texts: [string[], string][] = [
    [[], 'watching all orders at'],
    [['--order', id], `watching order ${id} at`],
    [['--customer', 'ada'], 'watching customer ada at'],
    [['--url', `127.0.0.1:${port}`], `watching all orders at ${server.url}`],
  ];
  await Promise.all(
    texts.map(async ([words, text]) => {
      const watching = execFile(process.execPath, [CLI, 'watch', ...words], { cwd: folder });
      const exited = new Promise((resolve) => watching.once('close', resolve));
      let printed = '';
      watching.stderr?.on('data', (chunk) => (printed += String(chunk)));
      await expect.poll(() => printed, { timeout: 20_000 }).toContain(text);
      watching.kill();
      await exited;
    }),
  );

  for (const query of [
    '{ orders(where: {createdAt: {gte: "2026-11-21"}}) { totalCount } }',
    '{ orders(where: {createdAt: {gte: 20261121}}) { totalCount } }',
    '{ orders(where: {createdAt: {gte: {day: 21}}}) { totalCount } }',
  ]) {
    const { errors } = await server.request(query);
    const rule = 'DateTime must have date, time and time zone, such as "2026-11-20T15:04:05Z"; it is ';
    expect(errors).toMatchObject([{ message: expect.stringContaining(rule) as string }]);
  }
  const { errors } = await server.request('query ($w: OrderWhere) { orders(where: $w) { totalCount } }', {
    w: { createdAt: { gte: '2026-11-21' } },
  });
  expect(errors?.[0]?.message).toMatch(/at "w\.createdAt\.gte"; DateTime must have .*; it is "2026-11-21"\.$/);
  const example = '{ orders(where: {createdAt: {gte: "2026-11-20T15:04:05Z"}}) { totalCount } }';
  expect((await server.request(example)).errors).toBeUndefined();
});

test('the commands do not print the password of a URL', async () => {
  const url = 'http://me:hunter2@127.0.0.1:1/';
  const { stderr } = await runCli(['stress-test', '--url', url]);
  expect(stderr).toBe('No server responds at http://…@127.0.0.1:1/graphql. Start it with "npm start", or set --url.\n');
  const watching = execFile(process.execPath, [CLI, 'watch', '--url', url], { cwd: '/' });
  const [text] = (await once(watching.stderr as Readable, 'data')) as [string];
  watching.kill();
  expect(text).toBe('No server responds at http://…@127.0.0.1:1/graphql. Retrying.\n');
});

test('the server and the commands report an old Node.js in one sentence', () => {
  const fakeVersion = "Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})";
  for (const file of [MAIN, path.resolve('dist/cli/migrate.js')]) {
    const preload = ['--import', `data:text/javascript,${encodeURIComponent(fakeVersion)}`];
    const options = { encoding: 'utf8', env: NO_DATABASE, cwd: '/', timeout: 20_000 } as const;
    const { status, stderr } = spawnSync(process.execPath, [...preload, file], options);
    expect([status, stderr]).toEqual([
      1,
      'Ordergraph runs on Node.js 24 or newer; this is 20.20.2. "npm start" and the other npm scripts bring their own.\n',
    ]);
  }
});

test('log lines are JSON by default in a pipe, and text with LOG_FORMAT=pretty', async () => {
  const linesOf = async (format: string) =>
    (await failToStart({ ...NO_DATABASE, LOG_FORMAT: format })).stderr.trim().split('\n');
  for (const format of ['auto', 'json']) {
    const [line = ''] = await linesOf(format);
    expect(JSON.parse(line)).toMatchObject({ level: 40, service: 'ordergraph' });
  }
  const [line = ''] = await linesOf('pretty');
  expect(line).toMatch(/^\[\d\d:\d\d:\d\d\] WARN: No authentication is configured/);
});

const script = spawnSync('script', ['--version'], { encoding: 'utf8' });
const canMakeTerminal = script.stdout?.includes('util-linux') ?? false;

beforeAll(() => {
  // CI runs on Linux, which has the `script` command of util-linux.
  if (process.env['CI'] === 'true') expect(canMakeTerminal).toBe(true);
});

test.skipIf(!canMakeTerminal)('log lines are text on a terminal, and JSON with LOG_FORMAT=json', () => {
  const onTerminal = (env: Record<string, string>) => {
    const command = `'${process.execPath}' '${MAIN}'`;
    const options = { encoding: 'utf8', env: { ...NO_DATABASE, ...env }, cwd: '/' } as const;
    return spawnSync('script', ['--quiet', '--return', '--command', command, '/dev/null'], options).stdout;
  };
  expect(onTerminal({ NO_COLOR: '1' })).toMatch(/^\[\d\d:\d\d:\d\d\] WARN: No authentication is configured/);
  expect(onTerminal({ LOG_FORMAT: 'json' })).toMatch(new RegExp(`^\\{"level":40,.*${FIRST_LINE}`));
});

test.skipIf(!canMakeTerminal)(
  'a first start shows progress on a terminal while npm runs, and the output of npm if it fails',
  async () => {
    const folder = await temporaryFolder();
    await mkdir(path.join(folder, 'scripts'));
    await copyFile('scripts/bootstrap.mjs', path.join(folder, 'scripts/bootstrap.mjs'));
    await writeFile(path.join(folder, 'package-lock.json'), '{}');
    // Two seconds, because progress is shown every second.
    await writeFile(path.join(folder, 'npm'), '#!/bin/sh\nsleep 2\necho "the registry is down" >&2\nexit 1\n', {
      mode: 0o755,
    });
    const command = `'${process.execPath}' scripts/bootstrap.mjs`;
    const options = { encoding: 'utf8', env: { PATH: `${folder}:${process.env['PATH']}` }, cwd: folder } as const;
    const { status, stdout } = spawnSync('script', ['--quiet', '--return', '--command', command, '/dev/null'], options);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ordergraph: installing packages, about 1 GB; .* …\r\n/);
    expect(stdout).toContain('\rordergraph: npm has been running for 1 s');
    expect(stdout).toMatch(/the registry is down\r\nnpm ci .* failed\.\r\n$/);
  },
);
