import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, utimesSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../support/client.js';
import { createOrder } from '../support/order-requests.js';

const isRoot = process.getuid?.() === 0;
const PORT = 4321;

/** The certificates of the machine, which the Node.js of npm packages does not trust otherwise: npm would retry for minutes. */
const CERTIFICATES = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'].includes(name)),
);

/** An unprivileged account. */
const unprivileged = { uid: 65_534, gid: 65_534 };

/** A clone of the committed files in an empty folder. */
async function clone(parentMode: number): Promise<string> {
  const parent = await mkdtemp(path.join(tmpdir(), 'ordergraph-clone-'));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const folder = path.join(parent, 'ordergraph');
  execFileSync('git', ['clone', '--quiet', process.cwd(), folder]);
  await chmod(parent, parentMode);
  return folder;
}

/** The processes with the folder in their command line or as their working folder. */
function processesOn(folder: string): string[] {
  const lines = execFileSync('ps', ['-eo', 'pid,args', '--no-headers'], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => {
    const [pid = ''] = line.trim().split(' ');
    return line.includes(folder) || workingFolderOf(pid)?.startsWith(folder) === true;
  });
}

/** Null if the process has ended or there is no /proc. */
function workingFolderOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

interface Started {
  readonly url: string;
  readonly tookMs: number;
  readonly output: () => string;
  /** Sends SIGINT to the whole process group, as a terminal does for Ctrl-C. */
  readonly interrupt: () => Promise<void>;
}

async function npmStart(
  folder: string,
  account: { uid?: number; gid?: number; env?: Record<string, string> },
): Promise<Started> {
  const began = performance.now();
  const env = {
    PATH: withoutNodeModules(process.env['PATH'] ?? ''),
    HOME: process.env['HOME'] ?? '',
    PORT: String(PORT),
    ...CERTIFICATES,
    ...account.env,
  };
  const { uid, gid } = account;
  const ids = uid === undefined || gid === undefined ? {} : { uid, gid };
  const child = spawn('npm', ['start'], { cwd: folder, env, detached: true, ...ids });
  let output = '';
  const ready = Promise.withResolvers<string>();
  const exited = new Promise<void>((resolve) => {
    child.once('close', () => {
      ready.reject(new Error(output));
      resolve();
    });
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk);
      const url = /^ready (\S+)$/m.exec(output)?.[1];
      if (url !== undefined) ready.resolve(url);
    });
  }
  const url = await ready.promise;
  return {
    url,
    tookMs: performance.now() - began,
    output: () => output,
    interrupt: async () => {
      process.kill(-(child.pid ?? 0), 'SIGINT');
      await exited;
    },
  };
}

/** The PATH without the Node.js of node_modules, which runs these tests. */
function withoutNodeModules(PATH: string): string {
  return PATH.split(path.delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .join(path.delimiter);
}

async function startTwice(folder: string, account: Parameters<typeof npmStart>[1]): Promise<void> {
  const first = await npmStart(folder, account);
  expect(first.url).toBe(`http://127.0.0.1:${PORT}/graphql`);
  expect(first.output()).toMatch(/^ordergraph: installing packages, /m);
  const order = await createOrder(createClient(first.url), { idempotencyKey: 'first start' });
  expect(order).toMatchObject({ replayed: false, userErrors: [] });
  await first.interrupt();
  expect(processesOn(folder)).toEqual([]);

  const second = await npmStart(folder, account);
  expect(await createOrder(createClient(second.url), { idempotencyKey: 'first start' })).toMatchObject({
    replayed: true,
    order: order.order,
  });
  await second.interrupt();
  expect(processesOn(folder)).toEqual([]);
  expect(second.tookMs).toBeLessThan(15_000); // it does not install or build again
  const status = execFileSync('git', ['-c', 'safe.directory=*', '-C', folder, 'status', '--porcelain'], {
    encoding: 'utf8',
  });
  expect(status).toBe('');
}

test('a fresh clone starts with one command, starts again with its data, and reinstalls after a change of the lock file', async () => {
  const folder = await clone(0o755);
  await startTwice(folder, {});
  const now = new Date();
  utimesSync(path.join(folder, 'package-lock.json'), now, now);
  const again = await npmStart(folder, {}); // the installation replaces the Node.js that npm found in node_modules
  expect(again.output()).toMatch(/^ordergraph: installing packages, /m);
  await again.interrupt();
});

test('on a machine with Node.js 24 no second Node.js is installed; root can start in a folder that only root can enter', async () => {
  const folder = await clone(isRoot ? 0o700 : 0o755);
  const bin = path.join(path.dirname(folder), 'bin');
  await mkdir(bin);
  await symlink(process.execPath, path.join(bin, 'node'));
  await startTwice(folder, {
    env: { PATH: `${bin}${path.delimiter}${withoutNodeModules(process.env['PATH'] ?? '')}` },
  });
  expect(existsSync(path.join(folder, 'node_modules/node/bin/node'))).toBe(false);
});

test.runIf(isRoot)('an unprivileged account can start', async () => {
  const folder = await clone(0o755);
  const home = path.join(path.dirname(folder), 'home');
  await mkdir(home);
  execFileSync('chown', ['-R', `${unprivileged.uid}:${unprivileged.gid}`, path.dirname(folder)]);
  const npmrc = path.join(process.env['HOME'] ?? '', '.npmrc');
  const registry = existsSync(npmrc) ? /^registry=(.*)$/m.exec(readFileSync(npmrc, 'utf8'))?.[1] : undefined;
  const env = { HOME: home, ...(registry === undefined ? {} : { npm_config_registry: registry }) };
  await startTwice(folder, { ...unprivileged, env });
});

test('an installation stops with its npm, and concurrent installations in one folder run one after the other', async () => {
  const folder = await clone(0o755);
  const env = { PATH: withoutNodeModules(process.env['PATH'] ?? ''), HOME: process.env['HOME'] ?? '' };
  const install = () => {
    const child = spawn('npm', ['run', 'bootstrap'], { cwd: folder, env, detached: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    onTestFinished(() => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL');
    });
    return { pid: child.pid ?? 0, ended, output: () => output };
  };
  for (const [signal, to] of [
    ['SIGINT', -1], // Ctrl-C
    ['SIGTERM', 1],
  ] as const) {
    const { pid } = install();
    await expect
      .poll(() => processesOn(folder).some((line) => line.includes('npm ci')), { timeout: 60_000 })
      .toBe(true);
    process.kill(to * pid, signal);
    await expect.poll(() => processesOn(folder), { timeout: 10_000 }).toEqual([]);
  }
  const [first, second] = [install(), install()];
  const codes = await Promise.all([first.ended, second.ended]);
  expect({ codes, output: first.output() + second.output() }).toMatchObject({ codes: [0, 0] });
  expect(first.output() + second.output()).toContain('waiting for another process');
});
