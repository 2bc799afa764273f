import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { StatementPool } from '../../src/database/statement-pool.js';
import { useDatabase } from '../support/fixture.js';

const database = useDatabase({ empty: true });
const SIZE = 2;

function openPool(): StatementPool {
  const pool = new StatementPool({ connectionString: database.url, max: SIZE, connectionTimeoutMillis: 5_000 });
  onTestFinished(() => pool.end());
  return pool;
}

function occupy(pool: StatementPool, seconds: number): Promise<unknown> {
  return Promise.all(Array.from({ length: SIZE }, () => pool.query('SELECT pg_sleep($1)', [seconds])));
}

test('a burst after a quiet time waits for a connection', async () => {
  const pool = openPool();
  await occupy(pool, 0);
  await sleep(1_000);
  const busy = occupy(pool, 0.2);
  await sleep(20);
  expect((await pool.query('SELECT 1')).rowCount).toBe(1);
  await busy;
});

test('a pool that releases no connection for a while rejects at once', async () => {
  const pool = openPool();
  const busy = occupy(pool, 1.5);
  await sleep(1_200);
  const began = performance.now();
  await expect(pool.query('SELECT 1')).rejects.toThrow('All connections are in use');
  expect(performance.now() - began).toBeLessThan(100);
  await busy;
});
