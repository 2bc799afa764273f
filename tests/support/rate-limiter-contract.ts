import { expect, test } from 'vitest';
import type { BucketSettings } from '../../src/rate-limit/bucket.js';
import type { RateLimiter } from '../../src/rate-limit/rate-limiter.js';

/** A limiter with new buckets, and its clock. */
export interface Limiter {
  readonly limiter: RateLimiter;
  readonly wait: (ms: number) => Promise<void>;
}

const SETTINGS: BucketSettings = { capacity: 1_000, restoreRate: 100 };

/** What every rate limiter guarantees. */
export function describeRateLimiter(create: (settings: BucketSettings) => Promise<Limiter>): void {
  test('a bucket is full at first, and gives all of the points or none', async () => {
    const { limiter } = await create(SETTINGS);
    expect(await limiter.take('a', 600)).toEqual({ isTaken: true, available: 400 });
    expect(await limiter.take('a', 600)).toMatchObject({ isTaken: false });
    expect((await limiter.take('a', 300)).isTaken).toBe(true);
    expect(limiter.known('a')).toBeLessThan(200);
  });

  test('buckets of different keys are independent', async () => {
    const { limiter } = await create(SETTINGS);
    await limiter.take('a', 1_000);
    expect(await limiter.take('b', 1_000)).toMatchObject({ isTaken: true });
  });

  test('a bucket is restored at the rate, up to its capacity', async () => {
    const { limiter, wait } = await create({ capacity: 1_000, restoreRate: 10_000 });
    await limiter.take('a', 1_000);
    await wait(20);
    const { isTaken, available } = await limiter.take('a', 100);
    expect(isTaken).toBe(true);
    expect(available).toBeLessThan(1_000);
    await wait(200);
    expect(await limiter.take('a', 1_000)).toMatchObject({ isTaken: true });
  });

  test('points are given back, and an adjustment takes at most what is there', async () => {
    const { limiter } = await create(SETTINGS);
    await limiter.take('a', 900);
    expect(limiter.adjust('a', -500)).toBeGreaterThanOrEqual(600);
    await limiter.take('a', 0);
    expect((await limiter.take('a', 590)).isTaken).toBe(true);
    limiter.adjust('a', 5_000);
    expect((await limiter.take('a', 0)).available).toBeLessThan(50);
    limiter.adjust('a', -5_000);
    expect((await limiter.take('a', 0)).available).toBe(1_000);
  });

  test('concurrent requests never take more than the bucket holds', async () => {
    const { limiter } = await create({ capacity: 1_000, restoreRate: 1 });
    const taken = await Promise.all(Array.from({ length: 30 }, async () => limiter.take('a', 100)));
    expect(taken.filter(({ isTaken }) => isTaken)).toHaveLength(10);
  });
}
