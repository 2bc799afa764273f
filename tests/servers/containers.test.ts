import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { createClient } from '../support/client.js';
import { freePort, temporaryFolder } from '../support/process.js';
import { isOnPath } from '../support/programs.js';
import { createOrder } from '../support/order-requests.js';

const hasBuildah = isOnPath('buildah');

test('CI has buildah, which builds the image', () => {
  expect(hasBuildah || process.env['CI'] !== 'true').toBe(true);
});

const BASE = 'localhost/ordergraph-base';
const IMAGE = 'localhost/ordergraph';
/** Maximum size of /app. Raising it is a deliberate decision. */
const MAX_MEGABYTES = 75;
const READ_ONLY = path.join(import.meta.dirname, 'run-read-only.sh');
const DOCKERFILE = readFileSync('Dockerfile', 'utf8');

function buildah(...args: string[]): string {
  return execFileSync('buildah', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

describe.skipIf(!hasBuildah)('the image', () => {
  test('is built, is small, and runs as an unprivileged account on a read-only file system', async () => {
    execFileSync(path.join(import.meta.dirname, 'create-base-image.sh'), [BASE, process.execPath], { stdio: 'ignore' });
    const build = ['--isolation', 'chroot', '--pull-never', '--format', 'docker', '--build-arg', `BASE=${BASE}`];
    buildah('build', ...build, '--tag', IMAGE, '.');
    const container = buildah('from', '--pull-never', IMAGE);
    onTestFinished(() => {
      buildah('rm', container);
      buildah('rmi', '--force', IMAGE, BASE);
    });
    const inside = (...command: string[]) => buildah('run', '--isolation', 'chroot', container, '--', ...command);
    expect(inside('node', '-p', 'process.getuid()')).toBe('1000');
    expect(inside('ls', 'node_modules').split('\n')).not.toContain('vitest');
    expect(inside('ls', 'node_modules').split('\n')).not.toContain('typescript');
    expect(Number.parseInt(inside('du', '-sm', '/app'), 10)).toBeLessThan(MAX_MEGABYTES);
    expect(nativeFilesOf(inside)).toBe('');

    const embedded = await startEmbeddedPostgres({
      dataDir: path.join(await temporaryFolder(), 'data'),
      log: pino({ level: 'silent' }),
    });
    onTestFinished(() => embedded.close());
    const { url, stop } = await serve(container, embedded.url);
    expect(await createOrder(createClient(url), { idempotencyKey: 'from a container' })).toMatchObject({
      replayed: false,
      userErrors: [],
    });
    const { port } = new URL(url);
    expect(healthCheck(port)).toBe(0);
    await stop();
    expect(healthCheck(port)).toBe(1);
  });
});

test('the last stage of the Dockerfile runs nothing, and the others run on the architecture of the builder', () => {
  const stages = DOCKERFILE.split(/^FROM /m).slice(1);
  for (const stage of stages.slice(0, -1)) expect(stage).toMatch(/^--platform=\$BUILDPLATFORM /);
  expect(stages.at(-1)).not.toMatch(/^RUN /m);
});

/** Programs and libraries for one architecture in /app, which has to be the same on all. */
function nativeFilesOf(inside: (...command: string[]) => string): string {
  const script = `
    for (const entry of fs.readdirSync('/app', { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name);
      const start = entry.isFile() ? fs.readFileSync(file).subarray(0, 4).toString('latin1') : '';
      if (entry.name.endsWith('.node') || start === '\\x7fELF') console.log(file);
    }`;
  return inside('node', '-e', script);
}

/** Runs the command of HEALTHCHECK. @returns the exit status */
function healthCheck(port: string): number | null {
  const [program = '', ...words] = JSON.parse(/^ +CMD (\[.*\])$/m.exec(DOCKERFILE)?.[1] ?? '[]') as string[];
  expect(program).toBe('node');
  return spawnSync(process.execPath, words, { env: { PORT: port } }).status;
}

/** Runs the server of the image in the network of this machine. */
async function serve(container: string, databaseUrl: string) {
  const port = await freePort();
  const env = {
    DATABASE_URL: databaseUrl,
    DATABASE_MIGRATE: 'always',
    AUTH_MODE: 'open',
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
  };
  const ownMounts = process.getuid?.() === 0 ? 'unshare --mount --propagation private' : 'buildah unshare';
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const child = spawn('/usr/bin/env', [...ownMounts.split(' '), READ_ONLY, container, ...settings], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  onTestFinished(stop);
  await expect.poll(() => output, { timeout: 30_000 }).toMatch(/^ready /m);
  return { url: `http://127.0.0.1:${port}/graphql`, stop };
}
