import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv } from 'ajv';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { createClient } from '../support/client.js';
import { freePort, temporaryFolder } from '../support/process.js';
import { isOnPath } from '../support/programs.js';
import { createOrder } from '../support/order-requests.js';

const hasGo = isOnPath('go');
const hasBuildah = isOnPath('buildah');

test('CI has the programs that these tests require', () => {
  expect((hasGo && hasBuildah) || process.env['CI'] !== 'true').toBe(true);
});

test.skipIf(!hasGo)('docker-compose.yml is valid by the Compose Specification', () => {
  // The schema of the specification, from the module of its reference implementation.
  const module = execFileSync('go', ['mod', 'download', '-json', 'github.com/compose-spec/compose-go/v2@v2.16.2'], {
    cwd: tmpdir(),
  });
  const { Dir } = JSON.parse(module.toString()) as { Dir: string };
  const { $schema: _, ...schema } = JSON.parse(
    readFileSync(path.join(Dir, 'schema/compose-spec.json'), 'utf8'),
  ) as Record<string, unknown>; // its URL of the draft is unknown to validators
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  const compose = parse(readFileSync('docker-compose.yml', 'utf8')) as { services: { server: { ports: string[] } } };
  validate(compose);
  expect(validate.errors).toBeNull();
  for (const port of compose.services.server.ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  expect(validate({ services: { server: { ports: 4000 } } })).toBe(false); // the schema rejects invalid files
});

const BASE = 'localhost/ordergraph-base';
const IMAGE = 'localhost/ordergraph';
function buildah(...args: string[]): string {
  return execFileSync('buildah', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

describe.skipIf(!hasBuildah)('the image', () => {
  test('builds, is small, and runs as an unprivileged account', async () => {
    execFileSync(path.join(import.meta.dirname, 'create-base-image.sh'), [BASE, process.execPath], { stdio: 'ignore' });
    buildah(
      'build',
      '--isolation',
      'chroot',
      '--pull-never',
      '--format',
      'docker',
      '--build-arg',
      `BASE=${BASE}`,
      '--tag',
      IMAGE,
      '.',
    );
    const container = buildah('from', '--pull-never', IMAGE);
    onTestFinished(() => {
      buildah('rm', container);
      buildah('rmi', '--force', IMAGE, BASE);
    });
    const inside = (...command: string[]) => buildah('run', '--isolation', 'chroot', container, '--', ...command);
    expect(inside('node', '-p', 'process.getuid()')).toBe('1000');
    expect(inside('ls', 'node_modules').split('\n')).not.toContain('vitest');
    expect(inside('ls', 'node_modules').split('\n')).not.toContain('typescript');
    expect(Number.parseInt(inside('du', '-sm', '/app'), 10)).toBeLessThan(100);

    const embedded = await startEmbeddedPostgres({
      dataDir: path.join(await temporaryFolder(), 'data'),
      log: pino({ level: 'silent' }),
    });
    onTestFinished(() => embedded.close());
    const url = await serve(container, embedded.url);
    expect(await createOrder(createClient(url), { idempotencyKey: 'from a container' })).toMatchObject({
      replayed: false,
      userErrors: [],
    });
    expect((await fetch(url.replace('/graphql', '/ready'))).status).toBe(200);
  });
});

/** Runs the command of the image in the network of this machine. */
async function serve(container: string, databaseUrl: string): Promise<string> {
  const port = await freePort();
  const env = [
    `DATABASE_URL=${databaseUrl}`,
    'DATABASE_MIGRATE=always',
    'AUTH_MODE=open',
    'HOST=127.0.0.1',
    `PORT=${port}`,
  ];
  const args = [
    'run',
    '--isolation',
    'chroot',
    ...env.flatMap((each) => ['--env', each]),
    container,
    '--',
    'node',
    'dist/main.js',
  ];
  const child = spawn('buildah', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const ended = new Promise((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  await expect.poll(() => /^ready (\S+)$/m.exec(output)?.[1], { timeout: 30_000, message: output }).toBeDefined();
  return `http://127.0.0.1:${port}/graphql`;
}
