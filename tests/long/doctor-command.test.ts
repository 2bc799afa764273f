import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { databaseForTest } from '../support/fixture.js';
import { freePort, temporaryFolder } from '../support/process.js';

interface Finding {
  readonly subject: string;
  readonly level: string;
  readonly message: string;
  readonly remedy?: string;
}

async function doctor(env: Record<string, string>) {
  const port = String(await freePort());
  const { code, stdout, stderr } = await runCli(['doctor', '--json'], { PORT: port, ...env });
  expect(stderr).toBe('');
  return { code, findings: JSON.parse(stdout) as readonly Finding[] };
}

function problemsOf(findings: readonly Finding[]) {
  return findings.filter(({ level }) => level !== 'ok').map(({ subject, level }) => `${level}: ${subject}`);
}

test('a sound environment has no problem', async () => {
  const database = await databaseForTest();
  const { code, findings } = await doctor({ DATABASE_URL: database.url, DATABASE_POOL_SIZE: '4' });
  // The PostgreSQL of the tests runs without fsync.
  expect(problemsOf(findings).filter((text) => text !== 'problem: durability')).toEqual([]);
  expect(code).toBe(problemsOf(findings).length === 0 ? 0 : 1);
  expect(findings.map(({ subject }) => subject)).toEqual(
    expect.arrayContaining([
      'configuration',
      'node',
      'port',
      'database',
      'migrations',
      'connections',
      'clock',
      'vacuum',
    ]),
  );
});

test('all invalid variables are reported at once', async () => {
  const { code, findings } = await doctor({ DATABASE_POOL_SIZE: '1', LOG_LEVEL: 'loud' });
  expect(code).toBe(1);
  expect(findings.map(({ message }) => message)).toEqual([
    expect.stringContaining('LOG_LEVEL'),
    expect.stringContaining('DATABASE_POOL_SIZE'),
  ]);
});

test('a database that does not respond, or lacks migrations, is a problem', async () => {
  const { code, findings } = await doctor({ DATABASE_URL: 'postgresql://nobody:secret@127.0.0.1:1/none' });
  expect([code, problemsOf(findings)]).toEqual([1, ['problem: database']]);
  expect(JSON.stringify(findings)).not.toContain('secret');
  const empty = await createDatabase({ empty: true });
  onTestFinished(() => empty.drop());
  const missing = await doctor({ DATABASE_URL: empty.url });
  expect(problemsOf(missing.findings)).toContain('problem: migrations');
  expect(await empty.sql('SELECT FROM pg_tables WHERE schemaname = current_schema()')).toEqual([]); // nothing was changed
});

test('optional parts that do not respond are warnings', async () => {
  const services = {
    REDIS_URL: 'redis://127.0.0.1:1',
    KAFKA_BROKERS: '127.0.0.1:1',
    PRODUCT_SERVICE_URL: 'http://127.0.0.1:1/products',
  };
  const { findings } = await doctor({ DATA_DIR: await temporaryFolder(), ...services });
  expect(problemsOf(findings)).toEqual(['warning: redis', 'warning: kafka', 'warning: products']);
  const database = findings.find(({ subject }) => subject === 'database');
  expect(database).toMatchObject({ level: 'ok', message: expect.stringContaining('does not run') });
});

test('a port of another program and a key set without keys are problems', async () => {
  const server = createServer((_request, response) => response.end('{"keys":[]}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const keys = {
    AUTH_JWKS_URL: `http://127.0.0.1:${port}/`,
    AUTH_ISSUER: 'issuer',
    AUTH_AUDIENCE: 'orders',
    DATA_DIR: await temporaryFolder(),
  };
  expect(problemsOf((await doctor(keys)).findings)).toEqual(['problem: keys']);
  const { code, findings } = await doctor({ DATA_DIR: await temporaryFolder(), PORT: await occupiedPort() });
  expect([code, problemsOf(findings)]).toEqual([1, ['problem: port']]);
});

async function occupiedPort(): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return String((server.address() as AddressInfo).port);
}
