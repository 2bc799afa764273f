import { circuitBreaker, ConsecutiveBreaker, handleAll, timeout, TimeoutStrategy, wrap } from 'cockatiel';
import type { Logger } from 'pino';
import { createClient } from 'redis';
import { createFailureLog } from '../observability/failure-log.js';
import type { BucketSettings } from './bucket.js';
import { createMemoryRateLimiter } from './memory-rate-limiter.js';
import type { RateLimiter, Taken } from './rate-limiter.js';
import { TAKE_POINTS } from './redis-bucket-script.js';

export interface RedisOptions {
  readonly url: string;
  readonly log: Logger;
  /** Of all keys. */
  readonly prefix?: string;
}

const PREFIX = 'ordergraph:rate:';
/** Requests wait for Redis, so a slow one counts as a failure. */
const COMMAND_TIMEOUT_MS = 50;
const CONNECT_TIMEOUT_MS = 2_000;
const MAX_RECONNECT_MS = 2_000;
const BREAKER = { failures: 3, restMs: 1_000 };

/**
 * Buckets that all servers on one Redis share. The buckets of this process follow them, and take their place at once while
 * Redis fails.
 */
export function createRedisRateLimiter(
  settings: BucketSettings,
  { url, log, prefix = PREFIX }: RedisOptions,
): RateLimiter {
  const own = createMemoryRateLimiter(settings);
  const failures = createFailureLog(log);
  const failed = (cause: unknown) =>
    failures.failed(cause, 'Redis failed; rate limits apply to each server separately');
  const client = createClient({
    url,
    disableOfflineQueue: true, // requests do not wait for a connection
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: (retries) => Math.min(MAX_RECONNECT_MS, 50 * 2 ** Math.min(retries, 10)),
    },
  });
  client.on('error', failed);
  client.connect().catch(failed); // resolves at the first connection; the server starts without it
  const guarded = wrap(
    circuitBreaker(handleAll, {
      halfOpenAfter: BREAKER.restMs,
      breaker: new ConsecutiveBreaker(BREAKER.failures),
    }),
    timeout(COMMAND_TIMEOUT_MS, TimeoutStrategy.Aggressive),
  );

  async function run(key: string, points: number, all: boolean): Promise<Taken> {
    const { capacity, restoreRate } = settings;
    const args = [capacity, restoreRate, points, all ? 1 : 0].map(String);
    const taken = await guarded.execute(() => runScript({ keys: [prefix + key], arguments: args }));
    failures.worked('Redis works again; rate limits are shared');
    own.set(key, taken.available);
    return taken;
  }

  async function runScript(call: { keys: string[]; arguments: string[] }): Promise<Taken> {
    const reply = await client.evalSha(TAKE_POINTS.sha, call).catch((cause: unknown) => {
      if (!String(cause).includes('NOSCRIPT')) throw cause;
      return client.eval(TAKE_POINTS.text, call);
    });
    const [taken, level] = reply as unknown as [number, string];
    return { isTaken: taken === 1, available: Number(level) };
  }

  return {
    settings,
    known: (key) => own.known(key),
    async take(key, points) {
      try {
        return await run(key, points, true);
      } catch (cause) {
        failed(cause);
        return own.take(key, points);
      }
    },
    adjust(key, points) {
      run(key, points, false).catch(failed);
      return own.adjust(key, points);
    },
    close: async () => {
      if (client.isOpen) client.destroy();
      await Promise.resolve();
    },
  };
}
