import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { databaseForTest, serverForTest, storeForTest } from '../support/fixture.js';
import { countSteps, fulfilmentForTest, JOBS, statusesOf } from '../support/fulfilment.js';
import { cancelOrder, createdOrder, transitionOrder } from '../support/order-requests.js';
import { startServer } from '../support/server.js';
import { readFulfilmentReport } from '../../src/fulfilment/dead-letters.js';
import type { FulfilmentStep, StepResult } from '../../src/orders/interfaces/fulfilment-handler.js';

const ON = { FULFILMENT: 'simulated', FULFILMENT_COMPLETE_AFTER_MS: '200', DATABASE_MIGRATE: 'always' };

test('an order that is cancelled or advanced while it waits in PROCESSING is not changed', async () => {
  const database = await databaseForTest();
  const server = await serverForTest(database, { ...ON, FULFILMENT_COMPLETE_AFTER_MS: '2000' });
  const [cancelled, shipped] = [await createdOrder(server), await createdOrder(server)];
  const isProcessing = async () =>
    (await statusesOf(database, cancelled.id)).length === 2 && (await statusesOf(database, shipped.id)).length === 2;
  await expect.poll(isProcessing, JOBS).toBe(true);
  await cancelOrder(server, { id: cancelled.id, reason: 'CUSTOMER' });
  await transitionOrder(server, { id: shipped.id, status: 'SHIPPED' });
  await expect.poll(() => countSteps(database), JOBS).toBe(2);
  await expect.poll(() => countSteps(database), JOBS).toBe(0);
  expect(await statusesOf(database, cancelled.id)).toEqual(['PENDING', 'PROCESSING', 'CANCELLED']);
  expect(await statusesOf(database, shipped.id)).toEqual(['PENDING', 'PROCESSING', 'SHIPPED']);
});

test('orders in progress are finished before the new orders of a backlog begin', async () => {
  const database = await databaseForTest();
  const server = await serverForTest(database);
  const seen: string[] = [];
  const steps = { PENDING: { delayMs: 0 }, PROCESSING: { delayMs: 0 } };
  const advance = async ({ status }: FulfilmentStep): Promise<StepResult> => {
    seen.push(status);
    await sleep(100); // meanwhile the consumer queues the next steps
    return { kind: 'advance', to: status === 'PENDING' ? 'PROCESSING' : 'COMPLETED' };
  };
  await fulfilmentForTest(database, { steps, batchSize: 1, batches: 1, timeoutMs: 1_000, advance });
  await Promise.all(Array.from({ length: 10 }, () => createdOrder(server)));
  await expect.poll(() => seen.filter((status) => status === 'PENDING').length, JOBS).toBe(10);
  expect(seen.filter((status) => status === 'PROCESSING').length).toBeGreaterThan(2);
});

test('an order that an employee has set to PROCESSING is not completed', async () => {
  const database = await databaseForTest();
  await (await startServer(database.url, ON)).close(); // the consumer is known from here on
  const off = await startServer(database.url);
  const { id } = await createdOrder(off);
  await transitionOrder(off, { id, status: 'PROCESSING' });
  await off.close();
  const server = await serverForTest(database, ON);
  const { id: later } = await createdOrder(server);
  await expect.poll(() => statusesOf(database, later), JOBS).toHaveLength(3);
  expect(await statusesOf(database, id)).toEqual(['PENDING', 'PROCESSING']);
});

test('the command lists dead letters and returns them to the queue', async () => {
  const database = await databaseForTest();
  const server = await serverForTest(database);
  const command = async (...words: string[]) => {
    const args = [path.resolve('dist/cli/main.js'), 'fulfilment', ...words];
    const env = { PATH: process.env['PATH'], DATABASE_URL: database.url };
    return promisify(execFile)(process.execPath, args, { cwd: tmpdir(), env });
  };
  await expect(command()).rejects.toThrow(/npm run migrate/);
  let isClosed = true;
  await fulfilmentForTest(database, {
    steps: { PENDING: { delayMs: 0 } },
    batchSize: 10,
    batches: 1,
    timeoutMs: 1_000,
    advance: () =>
      Promise.resolve(isClosed ? { kind: 'give-up', reason: 'Closed.' } : { kind: 'advance', to: 'PROCESSING' }),
  });
  const { id } = await createdOrder(server);
  const { prisma } = storeForTest(database);
  await expect.poll(() => readFulfilmentReport(prisma, 1), JOBS).toMatchObject({ queued: 0, deadLetters: 1 });
  const { stdout } = await command('list');
  expect(stdout).toContain(`Dead letters: 1\n  ${id} in PENDING, failed at `);
  expect(stdout).toContain('after 1 attempts: Closed.');
  isClosed = false;
  await expect(command('retry')).rejects.toThrow(/Usage: npm run cli -- fulfilment/);
  expect((await command('retry', id, '--json')).stdout).toBe('{"returned":1}\n');
  await expect.poll(() => statusesOf(database, id), JOBS).toEqual(['PENDING', 'PROCESSING']);
  expect((await command('retry', '--all')).stdout).toBe('Returned to the queue: 0\n');
});
