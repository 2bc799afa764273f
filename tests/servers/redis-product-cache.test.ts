import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { createRedisProductCache } from '../../src/catalogue/redis-product-cache.js';
import type { SharedProductCache } from '../../src/catalogue/shared-product-cache.js';
import type { ProductLookupResult } from '../../src/orders/interfaces/product-lookup.js';
import type { RedisConnection } from '../../src/redis/redis-connection.js';
import { connectedTo, LONG_TIMEOUT, SKIPS_REDIS, useRedis } from '../support/redis.js';

const lines: { msg: string; failures: number }[] = [];
const log = pino(
  { level: 'info' },
  { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) },
);

function found(id: string, price = '12.50'): ProductLookupResult {
  return { kind: 'found', product: { id, name: `Product ${id}`, price, currency: 'USD' } };
}

const UNKNOWN: ProductLookupResult = { kind: 'unknown' };

describe.skipIf(SKIPS_REDIS)('products in Redis', () => {
  const redis = useRedis();
  let serviceUrl: string;
  beforeEach(async () => {
    await redis.command('FLUSHALL');
    lines.length = 0;
    serviceUrl = `http://${randomUUID()}.example`;
  });

  interface Cache extends SharedProductCache {
    readonly connection: RedisConnection;
  }

  /** The cache of one server, which has read once. */
  async function cacheOf({ url = serviceUrl, cacheMs = 60_000 } = {}): Promise<Cache> {
    const connection = await connectedTo(redis, log, LONG_TIMEOUT);
    const cache = createRedisProductCache({ redis: connection, serviceUrl: url, cacheMs, log });
    await cache.read(['first']);
    return { ...cache, connection };
  }

  async function resultsOf(cache: SharedProductCache, ids: readonly string[]) {
    return (await cache.read(ids)).map((cached) => cached?.result ?? null);
  }

  const keys = async () => (await redis.command<string[]>('KEYS', 'ordergraph:product:*')).toSorted();

  test('another server reads what one has written, with the rest of its lifetime', async () => {
    const [one, two] = [await cacheOf(), await cacheOf()];
    one.write('mug', found('mug'));
    one.write('soon', UNKNOWN);
    one.write('failed', { kind: 'unavailable', cause: new Error('failed') });
    const written = performance.now();
    const ids = ['mug', 'cup', 'soon', 'failed'];
    await expect.poll(() => resultsOf(two, ids)).toEqual([found('mug'), null, UNKNOWN, null]);
    await sleep(300);
    const [mug, , soon] = await two.read(ids);
    expect(mug?.expiresAt).toBeLessThanOrEqual(written + 60_000);
    expect(mug?.expiresAt).toBeGreaterThan(written + 59_500);
    expect(soon?.expiresAt).toBeLessThanOrEqual(written + 1_000);
    await expect.poll(() => resultsOf(two, ids), { timeout: 5_000 }).toEqual([found('mug'), null, null, null]);
  });

  test('a server does not use a product longer than its own lifetime of products', async () => {
    const [long, short] = [await cacheOf(), await cacheOf({ cacheMs: 200 })];
    long.write('mug', found('mug'));
    await expect.poll(() => resultsOf(long, ['mug'])).toEqual([found('mug')]);
    await sleep(250);
    expect(await resultsOf(short, ['mug'])).toEqual([null]);
    expect(await resultsOf(long, ['mug'])).toEqual([found('mug')]);
  });

  test('a write that Redis executes late does not extend the lifetime', async () => {
    const [one, two] = [await cacheOf({ cacheMs: 300 }), await cacheOf({ cacheMs: 300 })];
    redis.pause();
    one.write('mug', found('mug'));
    await sleep(400);
    redis.resume();
    await expect.poll(async () => two.connection.run((client) => client.ping()), { timeout: 10_000 }).toBe('PONG');
    expect(await resultsOf(two, ['mug'])).toEqual([null]);
  });

  test('a server with another product service shares nothing, and keys have no credentials', async () => {
    const host = new URL(serviceUrl).host;
    const [ann, bob] = ['ann:s3cret', 'bob:s3cret'].map((user) => `http://${user}@${host}`);
    const caches = [await cacheOf({ url: ann ?? '' }), await cacheOf({ url: bob ?? '' }), await cacheOf()];
    caches[0]?.write('mug', found('mug'));
    const sameWithNewPassword = await cacheOf({ url: `http://ann:changed@${host}` });
    await expect.poll(() => resultsOf(sameWithNewPassword, ['mug'])).toEqual([found('mug')]);
    for (const cache of caches.slice(1)) expect(await resultsOf(cache, ['mug'])).toEqual([null]);
    expect((await keys()).join()).not.toMatch(/ann|bob|s3cret/);
  });

  test('ids of any length and content have short keys, each its own', async () => {
    const [one, two] = [await cacheOf(), await cacheOf()];
    const long = 'é'.repeat(128);
    const ids = [long, `${long.slice(1)}e`, 'a b:c\n*', 'a', 'id:a', 'hash:a', '__proto__'];
    for (const [index, id] of ids.entries()) one.write(id, found(id, String(index)));
    const expected = ids.map((id, index) => found(id, String(index)));
    await expect.poll(() => resultsOf(two, ids)).toEqual(expected);
    for (const key of await keys()) expect(Buffer.byteLength(key)).toBeLessThan(120);
  });

  test('an entry that is not valid is a miss, is logged once, and is replaced by the next result', async () => {
    const [one, two] = [await cacheOf(), await cacheOf()];
    one.write('mug', found('mug'));
    await expect.poll(() => resultsOf(two, ['mug'])).toEqual([found('mug')]);
    const key = (await keys()).find((each) => each.endsWith(':id:mug')) ?? '';
    const valid = JSON.parse((await redis.command<string | null>('GET', key)) ?? '') as {
      at: number;
      product: object;
    };
    const entries = [
      '',
      'null',
      '<html>',
      '[]',
      '{"at":',
      JSON.stringify({ ...valid, id: 'cup' }),
      JSON.stringify({ ...valid, at: 'now' }),
      JSON.stringify({ ...valid, at: null }),
      JSON.stringify({ ...valid, product: undefined }),
      JSON.stringify({ ...valid, product: { ...valid.product, price: '-1' } }),
      JSON.stringify({ ...valid, product: { ...valid.product, name: ' ' } }),
      JSON.stringify({ ...valid, product: { ...valid.product, currency: 'usd' } }),
      JSON.stringify({ ...valid, more: 'x'.repeat(5_000) }),
    ];
    for (const entry of entries) {
      await redis.command('SET', key, entry);
      expect(await resultsOf(two, ['mug'])).toEqual([null]);
    }
    expect(lines).toMatchObject([{ msg: 'Redis has an invalid product; it is requested from the product service' }]);
    await redis.command('SET', key, JSON.stringify({ ...valid, at: valid.at + 3_600_000 })); // the clock was set back
    expect(await resultsOf(two, ['mug'])).toEqual([null]);
    await redis.command('DEL', key);
    await redis.command('HSET', key, 'name', 'not text');
    expect(await resultsOf(two, ['mug'])).toEqual([null]);
    one.write('mug', found('mug', '13'));
    await expect.poll(() => resultsOf(two, ['mug'])).toEqual([found('mug', '13')]);
    expect(lines).toHaveLength(1);
  });

  test('many products are read by one MGET', async () => {
    const [one, two] = [await cacheOf(), await cacheOf()];
    const ids = Array.from({ length: 200 }, (_, index) => `p${index}`);
    for (const id of ids) one.write(id, found(id));
    await redis.command('CONFIG', 'RESETSTAT');
    let reads = 0;
    const results = () => {
      reads += 1;
      return resultsOf(two, ids);
    };
    await expect.poll(results).toEqual(ids.map((id) => found(id)));
    const stats = await redis.command<string>('INFO', 'commandstats');
    expect(Number(/cmdstat_mget:calls=(\d+)/.exec(stats)?.[1])).toBeLessThanOrEqual(reads);
  });
});
