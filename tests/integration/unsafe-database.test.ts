import { expect, test } from 'vitest';
import { databaseForTest, serverForTest } from '../support/fixture.js';
import { createdOrder } from '../support/order-requests.js';
import { startServer } from '../support/server.js';
import { StartupError } from '../../src/startup-error.js';

const SAFE_ONLY = { ALLOW_UNSAFE_DATABASE: 'false' };

test('a server does not start on a database without fsync, unless ALLOW_UNSAFE_DATABASE=true', async () => {
  const database = await databaseForTest();
  const starting = startServer(database.url, SAFE_ONLY);
  await expect(starting).rejects.toThrow(StartupError);
  await expect(starting).rejects.toThrow(/are off: fsync(, synchronous_commit)?\. Turn them on, or set ALLOW_UNSAFE/);
  const server = await serverForTest(database, { ALLOW_UNSAFE_DATABASE: 'true' });
  expect((await createdOrder(server)).status).toBe('PENDING');
});

test.each(['DATABASE', 'ROLE'])('synchronous_commit counts as the sessions have it, here by ALTER %s', async (kind) => {
  const database = await databaseForTest();
  const url = new URL(database.url);
  const role = `r_${url.pathname.slice(3)}`;
  const name = kind === 'DATABASE' ? url.pathname.slice(1) : role;
  await database.sql(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD 'secret'`);
  url.username = role;
  url.password = 'secret';
  const startWith = async (value: string) => {
    await database.sql(`ALTER ${kind} ${name} SET synchronous_commit = ${value}`);
    return startServer(url.href, SAFE_ONLY).then(
      () => 'started',
      (cause: unknown) => String(cause),
    );
  };
  try {
    expect(await startWith('off')).toContain('off: fsync, synchronous_commit.');
    expect(await startWith('local')).toContain('off: fsync.'); // local waits for the disk of the primary
  } finally {
    await database.sql(`DROP OWNED BY ${role}`);
    await database.sql(`DROP ROLE ${role}`);
  }
});
