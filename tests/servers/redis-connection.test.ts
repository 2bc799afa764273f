import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createRedisConnection, type RedisConnection } from '../../src/redis/redis-connection.js';
import {
  connectedTo,
  createRedis,
  isConnected,
  LONG_TIMEOUT,
  SKIPS_REDIS,
  type RedisServer,
  useRedis,
} from '../support/redis.js';

const lines: { msg: string; err?: { message: string } }[] = [];
const log = pino(
  { level: 'info' },
  { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) },
);
const messages = () => lines.map(({ msg }) => msg);

/** The duration of commands one after the other, in milliseconds. */
async function timeOf(connection: RedisConnection, count: number): Promise<number> {
  const began = performance.now();
  for (let index = 0; index < count; index += 1) await connection.run((client) => client.get('key'));
  return performance.now() - began;
}

/** Occupies Redis, which executes one command at a time. */
async function occupy(redis: RedisServer, ms: number): Promise<void> {
  const script = `local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end
    local began = now() while now() - began < ${ms} do end`;
  await redis.command('EVAL', script, '0');
}

describe.skipIf(SKIPS_REDIS)('the connection to Redis', () => {
  const redis = useRedis();
  beforeEach(() => {
    lines.length = 0;
  });

  test('a hung Redis costs few commands their time-out, is logged once, and is used again', async () => {
    const connection = await connectedTo(redis, log);
    redis.pause();
    expect(await timeOf(connection, 1_000)).toBeLessThan(1_000);
    await sleep(1_500); // attempts to connect
    expect(await timeOf(connection, 1_000)).toBeLessThan(500);
    redis.resume();
    await expect.poll(() => isConnected(connection), { timeout: 10_000 }).toBe(true);
    expect(messages()).toEqual(['Redis failed; requests continue without it']);
    await expect.poll(messages, { timeout: 15_000 }).toContain('Redis works again');
  });

  test('a hung Redis is found without commands', async () => {
    const connection = await connectedTo(redis, log);
    redis.pause();
    await expect.poll(messages, { timeout: 10_000 }).toHaveLength(1);
    await sleep(3_000); // further checks
    expect(await timeOf(connection, 1_000)).toBeLessThan(500);
    redis.resume();
  });

  test('a slow Redis costs few commands their time-out', async () => {
    const connection = await connectedTo(redis, log);
    const end = new AbortController();
    const slow = (async () => {
      while (!end.signal.aborted) await occupy(redis, 200);
    })();
    expect(await timeOf(connection, 2_000)).toBeLessThan(2_000);
    end.abort();
    await slow;
    await expect.poll(() => isConnected(connection), { timeout: 10_000 }).toBe(true);
  });

  test('a pause of this process is not a failure of Redis', async () => {
    const connection = await connectedTo(redis, log, { commandTimeoutMs: 400 });
    for (let round = 0; round < 3; round += 1) {
      const replies = Promise.all(
        Array.from({ length: 20 }, () => connection.run((client) => client.set('paused', round))),
      );
      const began = performance.now();
      while (performance.now() - began < 600); // blocks the event loop
      expect(await replies).not.toContain(null);
    }
    expect(lines).toEqual([]);
  });

  test('a full Redis rejects writes at once, which is logged once, and reads continue', async () => {
    const connection = await connectedTo(redis, log, LONG_TIMEOUT);
    await connection.run((client) => client.set('key', 'value'));
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    for (let index = 0; index < 10; index += 1) {
      expect(await connection.run((client) => client.set('key', 'other'))).toBeNull();
      expect(await connection.run((client) => client.get('key'))).toBe('value');
    }
    expect(lines).toMatchObject([
      {
        msg: 'Redis rejected a command; requests continue without it',
        err: { message: expect.stringContaining('OOM') as string },
      },
    ]);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await connection.run((client) => client.set('key', 'other'))).toBe('OK');
  });

  test('a wrong password is logged once, without it, and commands fail at once', async () => {
    const locked = await createRedis({ password: 'right' });
    await locked.start();
    onTestFinished(() => locked.kill());
    const connection = createRedisConnection({ url: locked.url.replace('right', 'wrong-s3cret'), log });
    onTestFinished(() => connection.close());
    await expect.poll(messages).toEqual(['Redis failed; requests continue without it']);
    await sleep(2_500); // further attempts
    expect(await timeOf(connection, 1_000)).toBeLessThan(500);
    expect(lines).toMatchObject([{ err: { message: expect.stringContaining('WRONGPASS') as string } }]);
    expect(JSON.stringify(lines)).not.toContain('s3cret');
    expect(await isConnected(await connectedTo(locked, log))).toBe(true);
  });
});
