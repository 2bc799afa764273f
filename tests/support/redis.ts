import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Logger } from 'pino';
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import {
  createRedisConnection,
  type RedisConnection,
  type RedisConnectionOptions,
} from '../../src/redis/redis-connection.js';
import { freePort } from './process.js';

export interface RedisServer {
  readonly url: string;
  start(): Promise<void>;
  /** Kills the server, or does nothing if it is not running. */
  kill(): Promise<void>;
  /** Stops it from answering, without closing its connections. */
  pause(): void;
  resume(): void;
  /** Runs a command on a connection of its own, for example `['KEYS', '*']`. */
  command<T = unknown>(...words: readonly string[]): Promise<T>;
}

export const HAS_REDIS = spawnSync('redis-server', ['--version']).status === 0;

/** CI installs Redis; elsewhere the tests are reported as skipped without it. */
export const SKIPS_REDIS = !HAS_REDIS && process.env['CI'] !== 'true';
if (SKIPS_REDIS) process.stdout.write('SKIPPED: redis-server is not installed. Run apt-get install redis-server.\n');

/** A Redis server that runs during the tests of a suite. */
export function useRedis(): RedisServer {
  const redis = {} as RedisServer; // complete when the first test runs
  beforeAll(async () => {
    Object.assign(redis, await createRedis());
    await redis.start();
  });
  afterAll(async () => {
    redis.resume();
    await redis.kill();
  });
  return redis;
}

/** A Redis server of its own on a free port, without persistence. */
export async function createRedis({ password = '' } = {}): Promise<RedisServer> {
  const port = await freePort();
  const url = `redis://${password === '' ? '' : `:${password}@`}127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  return {
    url,
    async start() {
      const settings = [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'no',
        '--requirepass',
        password,
      ];
      child = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'ignore'] });
      await new Promise<void>((resolve) => {
        child?.stdout?.on('data', (text) => {
          if (String(text).includes('Ready to accept connections')) resolve();
        });
      });
    },
    async kill() {
      if (child === null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      child = null;
      await exited;
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async command<T>(...words: readonly string[]) {
      const client = await createClient({ url }).connect();
      try {
        return await client.sendCommand<T>([...words]);
      } finally {
        await client.close();
      }
    },
  };
}

/** The commands of a test that is not about time-outs: a busy machine does not fail it. */
export const LONG_TIMEOUT = { commandTimeoutMs: 5_000 };

/** A connection of the server under test that has reached Redis, closed with the test. */
export async function connectedTo(
  redis: RedisServer,
  log: Logger,
  options: Pick<RedisConnectionOptions, 'commandTimeoutMs'> = {},
): Promise<RedisConnection> {
  const connection = createRedisConnection({ url: redis.url, log, ...options });
  onTestFinished(() => connection.close());
  await expect.poll(() => isConnected(connection), { timeout: 10_000 }).toBe(true);
  return connection;
}

export async function isConnected(connection: RedisConnection): Promise<boolean> {
  return (await connection.run((client) => client.ping())) !== null;
}
