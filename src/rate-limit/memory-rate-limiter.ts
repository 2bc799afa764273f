import { LRUCache } from 'lru-cache';
import { levelAfter, levelOf, type Bucket, type BucketSettings } from './bucket.js';
import type { RateLimiter, Taken } from './rate-limiter.js';

/** Maximum number of buckets that are not full. The least recently used one is forgotten, so it is full again. */
const MAX_BUCKETS = 50_000;

export interface MemoryRateLimiter extends RateLimiter {
  take(key: string, points: number): Taken;
  /** Replaces the level of a bucket by one that is known from elsewhere. */
  set(key: string, level: number): void;
  /** Number of buckets in memory. */
  readonly size: number;
}

/**
 * Buckets of this process.
 *
 * @param now monotonic clock, in milliseconds
 */
export function createMemoryRateLimiter(
  settings: BucketSettings,
  { now = () => performance.now(), maxBuckets = MAX_BUCKETS } = {},
): MemoryRateLimiter {
  const buckets = new LRUCache<string, Bucket>({ max: maxBuckets });
  const known = (key: string) => levelOf(buckets.get(key), settings, now());

  function set(key: string, level: number): void {
    if (level >= settings.capacity)
      buckets.delete(key); // a missing bucket is full
    else buckets.set(key, { level, at: now() });
  }

  function adjust(key: string, points: number): number {
    const level = levelAfter(known(key), points, settings);
    set(key, level);
    return level;
  }

  return {
    settings,
    known,
    set,
    adjust,
    take(key, points) {
      const level = known(key);
      if (points > level) return { isTaken: false, available: level };
      return { isTaken: true, available: adjust(key, points) };
    },
    get size() {
      return buckets.size;
    },
    close: () => Promise.resolve(),
  };
}
