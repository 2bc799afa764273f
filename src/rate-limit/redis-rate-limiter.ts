import type { RedisConnection } from '../redis/redis-connection.js';
import type { BucketSettings } from './bucket.js';
import { createMemoryRateLimiter } from './memory-rate-limiter.js';
import type { RateLimiter, Taken } from './rate-limiter.js';
import { TAKE_POINTS } from './redis-bucket-script.js';

/** Of all keys. */
const PREFIX = 'ordergraph:rate:';

/**
 * Buckets that all servers on one Redis share. The buckets of this process follow them, and take their place at once while
 * Redis fails.
 */
export function createRedisRateLimiter(settings: BucketSettings, redis: RedisConnection, prefix = PREFIX): RateLimiter {
  const own = createMemoryRateLimiter(settings);

  /** @returns null while Redis fails */
  async function run(key: string, points: number, all: boolean): Promise<Taken | null> {
    const { capacity, restoreRate } = settings;
    const call = { keys: [prefix + key], arguments: [capacity, restoreRate, points, all ? 1 : 0].map(String) };
    const reply = await redis.run(
      (client) =>
        client.evalSha(TAKE_POINTS.sha, call).catch((cause: unknown) => {
          if (!String(cause).includes('NOSCRIPT')) throw cause;
          return client.eval(TAKE_POINTS.text, call);
        }),
      'EVALSHA',
    );
    if (reply === null) return null;
    const [taken, level] = reply as unknown as [number, string];
    own.set(key, Number(level));
    return { isTaken: taken === 1, available: Number(level) };
  }

  return {
    settings,
    known: (key) => own.known(key),
    take: async (key, points) => (await run(key, points, true)) ?? own.take(key, points),
    adjust(key, points) {
      void run(key, points, false);
      return own.adjust(key, points);
    },
  };
}
