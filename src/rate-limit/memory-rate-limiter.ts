import { levelAfter, levelOf, type Bucket, type BucketSettings } from './bucket.js';
import type { RateLimiter, Taken } from './rate-limiter.js';

/** Maximum number of buckets that are not full. The least recently changed one is forgotten, so it is full again. */
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
  const buckets = new Map<string, Bucket>(); // the least recently changed first; lru-cache clears arrays of `max` at the last delete
  const known = (key: string) => levelOf(buckets.get(key), settings, now());

  function set(key: string, level: number): void {
    buckets.delete(key);
    if (level >= settings.capacity) return; // a missing bucket is full
    buckets.set(key, { level, at: now() });
    const [oldest = key] = buckets.size > maxBuckets ? buckets.keys() : [];
    if (oldest !== key) buckets.delete(oldest);
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
  };
}
