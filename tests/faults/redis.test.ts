import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { embeddedUrl, usedDataDir } from '../support/embedded.js';
import { codes, createWholeOrder, createdWholeOrder } from '../support/order-requests.js';
import { startProcess, type ServerProcess } from '../support/process.js';
import { createRedis, HAS_REDIS, SKIPS_REDIS, type RedisServer } from '../support/redis.js';

test('CI has the Redis that these tests require', () => {
  expect(HAS_REDIS || process.env['CI'] !== 'true').toBe(true);
});

/** A product service whose products have one price, and the ids of its requests. */
async function startProducts() {
  const service = { price: '4.20', requested: [] as string[] };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://products');
    const single = decodeURIComponent(url.pathname.slice('/api/products/'.length));
    const ids = url.searchParams.get('ids')?.split(',') ?? [single];
    service.requested.push(...ids);
    const products = ids.map((id) => ({ id, name: 'Tea', price: service.price, currency: 'USD' }));
    response.end(JSON.stringify(url.searchParams.has('ids') ? { products } : products[0]));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return { service, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function startRedis(): Promise<RedisServer> {
  const redis = await createRedis();
  await redis.start();
  onTestFinished(async () => {
    redis.resume();
    await redis.kill();
  });
  return redis;
}

/** Every part that uses Redis is on. */
const LIMITS = { RATE_LIMIT: 'on', RATE_LIMIT_CAPACITY: '1000000000', RATE_LIMIT_RESTORE: '1000000000' };

const priceOf = async (server: ServerProcess, productId: string) =>
  (await createdWholeOrder(server, { items: [{ productId }] })).total.amount;

/** Orders of eight clients, until `stop`. */
function startLoad(server: ServerProcess) {
  const failures: unknown[] = [];
  let orders = 0;
  let slowestMs = 0;
  const end = new AbortController();
  const clients = Array.from({ length: 8 }, async () => {
    while (!end.signal.aborted) {
      const began = performance.now();
      const items = [{ productId: `p${orders % 50}`, expectedUnitPrice: '4.20' }];
      const failure = await createWholeOrder(server, { items }).then(
        ({ userErrors }) => (userErrors.length === 0 ? null : codes(userErrors)),
        (cause: unknown) => cause,
      );
      if (failure !== null) failures.push(failure);
      slowestMs = Math.max(slowestMs, performance.now() - began);
      orders += 1;
    }
  });
  return {
    failures,
    orders: () => orders,
    slowestMs: () => slowestMs,
    async stop() {
      end.abort();
      await Promise.all(clients);
    },
  };
}

describe.skipIf(SKIPS_REDIS)('with Redis', () => {
  test('two servers share products: the service is requested once, and a new price is seen by both', async () => {
    const [redis, { service, url }, dataDir] = [await startRedis(), await startProducts(), await usedDataDir()];
    const env = { REDIS_URL: redis.url, PRODUCT_SERVICE_URL: url, PRODUCT_CACHE_SECONDS: '3' };
    const one = await startProcess({ ...env, DATA_DIR: dataDir });
    const two = await startProcess({ ...env, DATABASE_URL: (await embeddedUrl(dataDir)).href });
    const shared = async (productId: string) => {
      const before = service.requested.length;
      for (const server of [one, two]) await priceOf(server, productId);
      return service.requested.length - before;
    };
    let tea = '';
    const requests = () => shared((tea = randomUUID()));
    await expect.poll(requests, { timeout: 10_000 }).toBe(1); // the first orders may come before the connections
    expect([await priceOf(one, tea), await priceOf(two, tea)]).toEqual(['4.20', '4.20']);
    const began = performance.now();
    service.price = '5.00';
    const expected = { items: [{ productId: tea, expectedUnitPrice: '5.00' }] };
    for (const server of [two, one]) {
      const rejections = async () => codes((await createWholeOrder(server, expected)).userErrors);
      await expect.poll(rejections, { timeout: 10_000 }).toEqual([]);
    }
    expect(performance.now() - began).toBeLessThan(8_000);
    const outdated = { items: [{ productId: tea, expectedUnitPrice: '4.20' }] };
    for (const server of [one, two]) {
      expect(codes((await createWholeOrder(server, outdated)).userErrors)).toEqual([
        'PRICE_CHANGED input.items.0.expectedUnitPrice',
      ]);
    }
  });

  test('under load, no order fails while Redis is killed, hung, full, flushed or slow, and it is used again', async () => {
    const [redis, { url }, dataDir] = [await startRedis(), await startProducts(), await usedDataDir()];
    const server = await startProcess({
      ...LIMITS,
      DATA_DIR: dataDir,
      REDIS_URL: redis.url,
      PRODUCT_SERVICE_URL: url,
      PRODUCT_CACHE_SECONDS: '1',
    });
    const load = startLoad(server);
    const isUsed = async () => {
      const keys = await redis.command<string[]>('KEYS', 'ordergraph:product:*');
      return keys.length > 0;
    };
    await expect.poll(isUsed, { timeout: 10_000 }).toBe(true);
    const faults: Readonly<Record<string, () => Promise<unknown>>> = {
      async killed() {
        await redis.kill();
        await sleep(1_500);
        await redis.start();
      },
      async hung() {
        redis.pause();
        await sleep(2_000);
        redis.resume();
      },
      async full() {
        await redis.command('CONFIG', 'SET', 'maxmemory', '1');
        await sleep(1_500);
        await redis.command('CONFIG', 'SET', 'maxmemory', '0');
      },
      flushed: () => redis.command('FLUSHALL'),
      async slow() {
        const script = `local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end
          local began = now() while now() - began < 150 do end`;
        for (let index = 0; index < 10; index += 1) await redis.command('EVAL', script, '0');
      },
    };
    for (const [name, cause] of Object.entries(faults)) {
      const before = load.orders();
      await cause();
      await expect.poll(load.orders, { timeout: 10_000, message: name }).toBeGreaterThan(before);
      await redis.command('FLUSHALL');
      await expect.poll(isUsed, { timeout: 10_000, message: name }).toBe(true);
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.slowestMs()).toBeLessThan(8_000); // generous: other tests may use the machine
    const warnings = server.output().match(/Redis (failed|rejected)[^"]*/g) ?? [];
    expect(warnings.length).toBeGreaterThanOrEqual(1);
    expect(warnings.length).toBeLessThanOrEqual(Object.keys(faults).length);
  });
});
