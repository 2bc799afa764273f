import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { BucketSettings } from '../../src/rate-limit/bucket.js';
import type { RateLimiter } from '../../src/rate-limit/rate-limiter.js';
import { createRedisRateLimiter } from '../../src/rate-limit/redis-rate-limiter.js';
import { describeRateLimiter } from '../support/rate-limiter-contract.js';
import { createRedisConnection } from '../../src/redis/redis-connection.js';
import {
  connectedTo,
  createRedis,
  HAS_REDIS,
  isConnected,
  LONG_TIMEOUT,
  SKIPS_REDIS,
  useRedis,
} from '../support/redis.js';

test('CI has the Redis that these tests require', () => {
  expect(HAS_REDIS || process.env['CI'] !== 'true').toBe(true);
});

const SETTINGS: BucketSettings = { capacity: 1_000, restoreRate: 1 };

describe.skipIf(SKIPS_REDIS)('rate limits in Redis', () => {
  const redis = useRedis();

  const logged: string[] = [];
  const log = pino({ level: 'info' }, { write: (line) => void logged.push(line) });

  /** A limiter that has reached Redis. */
  async function limiterOf(settings: BucketSettings, prefix: string): Promise<RateLimiter> {
    return createRedisRateLimiter(settings, await connectedTo(redis, log, LONG_TIMEOUT), prefix);
  }

  const keysOf = (prefix: string) => redis.command<string[]>('KEYS', `${prefix}*`);

  describeRateLimiter(async (settings) => ({ limiter: await limiterOf(settings, randomUUID()), wait: sleep }));

  test('two servers share a bucket', async () => {
    const prefix = randomUUID();
    const [one, two] = [await limiterOf(SETTINGS, prefix), await limiterOf(SETTINGS, prefix)];
    expect(await one.take('a', 700)).toMatchObject({ isTaken: true });
    expect(await two.take('a', 700)).toMatchObject({ isTaken: false });
    one.adjust('a', -700);
    await expect.poll(async () => (await two.take('a', 0)).available).toBe(1_000);
  });

  test('a bucket expires when it is full, and a full one has no key', async () => {
    const prefix = randomUUID();
    const limiter = await limiterOf({ capacity: 1_000, restoreRate: 500 }, prefix);
    await limiter.take('a', 500);
    expect(await keysOf(prefix)).toContain(`${prefix}a`);
    await expect.poll(async () => keysOf(prefix), { timeout: 5_000 }).toEqual([]);
    await limiter.take('b', 500);
    limiter.adjust('b', -500);
    await expect.poll(async () => keysOf(prefix), { timeout: 5_000 }).toEqual([]);
  });

  test('while Redis is down or does not answer, the buckets of the process apply at once, and one line is logged', async () => {
    const prefix = randomUUID();
    const connection = await connectedTo(redis, log);
    const limiter = createRedisRateLimiter(SETTINGS, connection, prefix);
    await limiter.take('a', 400);
    for (const [fail, recover] of [
      [() => redis.kill(), () => redis.start()],
      [async () => redis.pause(), async () => redis.resume()],
    ] as const) {
      logged.length = 0;
      await fail();
      const began = performance.now();
      const taken = await Promise.all(Array.from({ length: 20 }, async () => limiter.take('a', 100)));
      expect(performance.now() - began).toBeLessThan(1_000);
      expect(taken.filter(({ isTaken }) => isTaken)).toHaveLength(6); // what was left, as this process knew it
      limiter.adjust('a', -600);
      expect(logged.length).toBeLessThanOrEqual(1); // the failure log repeats a failure once a minute
      await recover();
      await expect.poll(() => isConnected(connection), { timeout: 10_000 }).toBe(true);
      await limiter.take('a', -1_000);
      await limiter.take('a', 400);
    }
  });

  test('a server starts without Redis and shares its buckets when Redis arrives', async () => {
    const late = await createRedis();
    const connection = createRedisConnection({ url: late.url, log });
    const limiter = createRedisRateLimiter(SETTINGS, connection);
    onTestFinished(async () => {
      connection.close();
      await late.kill();
    });
    expect(await limiter.take('a', 600)).toMatchObject({ isTaken: true });
    expect(await limiter.take('a', 600)).toMatchObject({ isTaken: false });
    await late.start();
    await expect.poll(async () => (await limiter.take('a', 0)).available, { timeout: 10_000 }).toBe(1_000);
  });
});
