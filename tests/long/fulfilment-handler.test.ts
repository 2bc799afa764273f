import { fromPrisma } from 'pg-boss';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { readFulfilmentReport, retryDeadLetters } from '../../src/fulfilment/dead-letters.js';
import type { FulfilmentHandler, FulfilmentStep, StepResult } from '../../src/orders/interfaces/fulfilment-handler.js';
import { databaseForTest, serverForTest, storeForTest } from '../support/fixture.js';
import { countSteps, fulfilmentForTest, JOBS, statusesOf } from '../support/fulfilment.js';
import { bossOn, queuedStep, STEPS_QUEUE } from '../../src/fulfilment/job-queue.js';
import { prepareJobSchema } from '../../src/fulfilment/job-schema.js';
import { createdOrder } from '../support/order-requests.js';

/* These tests wait for retries, which start with a second, and for heartbeats. */

function handlerThat(advance: (step: FulfilmentStep) => Promise<StepResult>): FulfilmentHandler {
  return { steps: { PENDING: { delayMs: 0 } }, batchSize: 10, batches: 2, timeoutMs: 1_000, advance };
}

const done: StepResult = { kind: 'advance', to: 'PROCESSING' };

test('a failed or hanging attempt is retried under the same idempotency key', async () => {
  const database = await databaseForTest();
  const server = await serverForTest(database);
  const seen: Pick<FulfilmentStep, 'attempt' | 'idempotencyKey'>[] = [];
  const handler = handlerThat(async ({ attempt, idempotencyKey }) => {
    seen.push({ attempt, idempotencyKey });
    if (attempt === 1) throw new Error('the warehouse is closed');
    if (attempt === 2) await new Promise(() => undefined); // ignores its signal
    return done;
  });
  await fulfilmentForTest(database, handler);
  const { id } = await createdOrder(server);
  await expect.poll(() => statusesOf(database, id), JOBS).toEqual(['PENDING', 'PROCESSING']);
  const idempotencyKey = `${id}:PENDING`;
  expect(seen).toEqual([1, 2, 3].map((attempt) => ({ attempt, idempotencyKey })));
});

test('a step that is given up becomes a dead letter with its reason, until an operator retries it', async () => {
  const database = await databaseForTest();
  const server = await serverForTest(database);
  let result: StepResult = { kind: 'give-up', reason: 'The address does not exist.' };
  await fulfilmentForTest(
    database,
    handlerThat(() => Promise.resolve(result)),
  );
  const orders = [await createdOrder(server), await createdOrder(server)];
  const { prisma } = storeForTest(database);
  const report = () => readFulfilmentReport(prisma, 1);
  await expect.poll(report, JOBS).toMatchObject({ queued: 0, deadLetters: 2 });
  expect((await report()).oldest).toEqual([
    {
      orderId: expect.toBeOneOf(orders.map(({ id }) => id)),
      status: 'PENDING',
      reason: 'The address does not exist.',
      attempts: 1,
      failedAt: expect.any(Date),
    },
  ]);
  const [first, second] = orders.map(({ id }) => id);
  result = done;
  expect(await retryDeadLetters(prisma, first ?? '')).toBe(1);
  await expect.poll(() => statusesOf(database, first ?? ''), JOBS).toEqual(['PENDING', 'PROCESSING']);
  expect(await statusesOf(database, second ?? '')).toEqual(['PENDING']);
  expect(await retryDeadLetters(prisma, null)).toBe(1);
  await expect.poll(() => statusesOf(database, second ?? ''), JOBS).toEqual(['PENDING', 'PROCESSING']);
  expect(await retryDeadLetters(prisma, null)).toBe(0);
});

test('a status that the lifecycle forbids becomes a dead letter', async () => {
  const database = await databaseForTest();
  const server = await serverForTest(database);
  await fulfilmentForTest(
    database,
    handlerThat(() => Promise.resolve({ kind: 'advance', to: 'COMPLETED' })),
  );
  await createdOrder(server);
  const { prisma } = storeForTest(database);
  const reasons = async () => (await readFulfilmentReport(prisma, 10)).oldest.map(({ reason }) => reason);
  await expect.poll(reasons, JOBS).toEqual(['An order in PENDING cannot become COMPLETED.']);
});

test('a step that waits is made again later, and counts no failed attempt', async () => {
  const database = await databaseForTest();
  const server = await serverForTest(database);
  const attempts: number[] = [];
  const handler = handlerThat(async ({ attempt }) => {
    attempts.push(attempt);
    return attempts.length < 3 ? { kind: 'wait', forMs: 1 } : done;
  });
  await fulfilmentForTest(database, handler);
  const { id } = await createdOrder(server);
  await expect.poll(() => statusesOf(database, id), JOBS).toEqual(['PENDING', 'PROCESSING']);
  expect(attempts).toEqual([1, 1, 1]);
  await expect.poll(() => countSteps(database), JOBS).toBe(0);
});

test('a shutdown returns the attempts that outlast the grace time to the queue', async () => {
  const database = await databaseForTest();
  const server = await serverForTest(database);
  const began = Promise.withResolvers<void>();
  const hanging = handlerThat(async () => {
    began.resolve();
    return new Promise<never>(() => undefined);
  });
  const worker = await fulfilmentForTest(database, { ...hanging, timeoutMs: 60_000 }, 100);
  const { id } = await createdOrder(server);
  await began.promise;
  const closedAt = performance.now();
  await worker.close();
  expect(performance.now() - closedAt).toBeLessThan(10_000);
  await fulfilmentForTest(
    database,
    handlerThat(() => Promise.resolve(done)),
  );
  await expect.poll(() => statusesOf(database, id), JOBS).toEqual(['PENDING', 'PROCESSING']);
});

test('two workers share the jobs: each step is made by one of them', async () => {
  const database = await databaseForTest();
  const server = await serverForTest(database);
  const madeBy = new Map<string, number[]>();
  for (const worker of [0, 1]) {
    const handler = handlerThat(async ({ orderId }) => {
      madeBy.set(orderId, [...(madeBy.get(orderId) ?? []), worker]);
      return done;
    });
    await fulfilmentForTest(database, handler);
  }
  const orders = await Promise.all(Array.from({ length: 100 }, () => createdOrder(server)));
  await expect.poll(() => madeBy.size, JOBS).toBe(orders.length);
  await expect.poll(() => countSteps(database), JOBS).toBe(0);
  expect([...madeBy.values()].every((workers) => workers.length === 1)).toBe(true);
  expect(new Set([...madeBy.values()].flat())).toEqual(new Set([0, 1]));
});

test('a job whose worker has died is taken over', async () => {
  const database = await databaseForTest();
  const server = await serverForTest(database);
  await prepareJobSchema(database.url, true, pino({ level: 'silent' }));
  const { id } = await createdOrder(server);
  const dead = bossOn(fromPrisma(storeForTest(database).prisma));
  await dead.insert(STEPS_QUEUE, [queuedStep({ orderId: id, status: 'PENDING', waits: 0 }, null)]);
  expect(await dead.fetch(STEPS_QUEUE)).toHaveLength(1);
  const takenAt = performance.now();
  await fulfilmentForTest(
    database,
    handlerThat(() => Promise.resolve(done)),
  );
  await expect.poll(() => statusesOf(database, id), { timeout: 60_000 }).toEqual(['PENDING', 'PROCESSING']);
  process.stdout.write(`taken over after ${((performance.now() - takenAt) / 1_000).toFixed(1)} s\n`);
}, 90_000);
