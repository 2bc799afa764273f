import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import type { CachedResult } from '../../src/catalogue/cached-result.js';
import { createHttpProductLookup, type HttpProductLookupOptions } from '../../src/catalogue/http-product-lookup.js';
import type { SharedProductCache } from '../../src/catalogue/shared-product-cache.js';
import type { Caller } from '../../src/orders/interfaces/caller.js';
import { callerOf } from '../support/caller.js';
import type { ProductLookup, ProductLookupResult } from '../../src/orders/interfaces/product-lookup.js';

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

function productOf(id: string) {
  return { id, name: `Product ${id}`, price: '12.50', currency: 'USD', colour: 'red' };
}

function found(id: string, more: object = {}) {
  const { colour: _, ...product } = productOf(id);
  return { kind: 'found', product: { ...product, ...more } };
}

const unavailable = (message: string) => ({
  kind: 'unavailable',
  cause: expect.objectContaining({ message: expect.stringContaining(message) as string }) as Error,
});

/** The requested product id, or the ids of a request for several products. */
function requestedIds(request: IncomingMessage): string | string[] {
  const url = new URL(request.url ?? '', 'http://products');
  const ids = /[?&]ids=([^&]*)/.exec(url.search)?.[1];
  if (ids !== undefined) return ids.split(',').map(decodeURIComponent);
  return decodeURIComponent(url.pathname.slice('/api/products/'.length));
}

function send(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Has every product, except those whose ids begin with "no". */
const valid: Behaviour = (request, response) => {
  const requested = requestedIds(request);
  const exists = (id: string) => !id.startsWith('no');
  if (Array.isArray(requested)) send(response, { products: requested.filter(exists).map(productOf).toReversed() });
  else if (exists(requested)) send(response, productOf(requested));
  else send(response, {}, 404);
};

const singleProductsOnly: Behaviour = (request, response) =>
  Array.isArray(requestedIds(request)) ? send(response, {}, 404) : valid(request, response);

const status =
  (code: number): Behaviour =>
  (_, response) =>
    send(response, {}, code);

const text =
  (body: string): Behaviour =>
  (_, response) =>
    response.end(body);

/** A product service with a replaceable behaviour, and a product lookup that uses it. */
async function start(
  options: Partial<HttpProductLookupOptions> = {},
  behaviour: Behaviour = valid,
  sharedCache: SharedProductCache | null = null,
) {
  const service = { behaviour, requests: [] as string[], authorization: undefined as string | undefined };
  const server = createServer((request, response) => {
    service.requests.push(request.url ?? '');
    service.authorization = request.headers.authorization;
    service.behaviour(request, response);
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const down = () => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(down);

  const lines: { level: number; msg: string }[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line) as (typeof lines)[0]) });
  const catalogue = createHttpProductLookup(
    {
      url: `http://127.0.0.1:${port}`,
      timeoutMs: 2_000,
      cacheSeconds: 60,
      maxCached: 1_000,
      retries: 0,
      breaker: { failures: 100, restMs: 100 },
      batch: 'auto',
      ...options,
    },
    log,
    sharedCache,
  );
  return { service, catalogue, lines, port, down, up: () => listen(port) };
}

async function one(
  catalogue: ProductLookup,
  id: string,
  caller: Caller = callerOf(),
): Promise<ProductLookupResult | undefined> {
  return (await catalogue.products([id], caller))[0];
}

const clock = performance.now.bind(performance);

/** Moves the clock of deadlines and caches forward. */
function advanceClock(ms: number): void {
  vi.spyOn(performance, 'now').mockImplementation(() => clock() + ms);
}

afterEach(() => {
  vi.restoreAllMocks();
});

test('a lookup returns the name and price of an existing product and reports a missing product as unknown', async () => {
  const { catalogue, service } = await start();
  expect(await one(catalogue, 'mug')).toEqual(found('mug'));
  expect(await one(catalogue, 'a/b c?&é%')).toEqual(found('a/b c?&é%'));
  expect(await one(catalogue, 'nothing')).toEqual({ kind: 'unknown' });
  expect(service.requests).toEqual([
    '/api/products/mug',
    '/api/products/a%2Fb%20c%3F%26%C3%A9%25',
    '/api/products/nothing',
  ]);
});

test('ids that a URL cannot contain are unknown without a request', async () => {
  const { catalogue, service } = await start();
  const results = await catalogue.products(['', '.', '..', '\ud800'], callerOf());
  expect(results).toEqual(Array.from({ length: 4 }, () => ({ kind: 'unknown' })));
  expect(service.requests).toEqual([]);
});

test('several products share one request, and the results are in the order of the ids', async () => {
  const { catalogue, service } = await start();
  const results = await catalogue.products(['a', 'none', 'b', 'a', 'é&'], callerOf());
  expect(results).toEqual([found('a'), { kind: 'unknown' }, found('b'), found('a'), found('é&')]);
  expect(service.requests).toEqual(['/api/products?ids=a,none,b,%C3%A9%26']);
});

test('fifty concurrent lookups of one product share one request', async () => {
  const { catalogue, service } = await start();
  const results = await Promise.all(Array.from({ length: 50 }, async () => one(catalogue, 'mug')));
  expect(results).toEqual(Array.from({ length: 50 }, () => found('mug')));
  expect(service.requests).toHaveLength(1);
});

test('a lookup during a request for the same product shares its result', async () => {
  const pending: (() => void)[] = [];
  const { catalogue, service } = await start({}, (request, response) => pending.push(() => valid(request, response)));
  const first = one(catalogue, 'mug');
  await expect.poll(() => pending).toHaveLength(1);
  const second = one(catalogue, 'mug');
  const other = one(catalogue, 'cup');
  await expect.poll(() => pending).toHaveLength(2);
  pending[0]?.();
  expect(await first).toEqual(found('mug'));
  expect(await second).toEqual(found('mug')); // the request for the other product is still open
  pending[1]?.();
  expect(await other).toEqual(found('cup'));
  expect(service.requests).toHaveLength(2);
});

test('a request contains at most a hundred ids, and fewer if they are long', async () => {
  const { catalogue, service } = await start();
  const short = Array.from({ length: 250 }, (_, index) => `p${index}`);
  expect(await catalogue.products(short, callerOf())).toEqual(short.map((id) => found(id)));
  expect(service.requests).toHaveLength(3);
  const long = Array.from({ length: 50 }, (_, index) => `${index}${'é'.repeat(100)}`);
  expect(await catalogue.products(long, callerOf())).toEqual(long.map((id) => found(id)));
  expect(Math.max(...service.requests.map((url) => url.length))).toBeLessThan(4_100);
});

test('a product with a comma in its id is requested separately', async () => {
  const { catalogue, service } = await start();
  expect(await catalogue.products(['a', 'b,c', 'd'], callerOf())).toEqual([found('a'), found('b,c'), found('d')]);
  expect(service.requests.toSorted()).toEqual(['/api/products/b%2Cc', '/api/products?ids=a,d']);
});

test('a found product is cached for its lifetime and then requested again', async () => {
  const { catalogue, service } = await start({ cacheSeconds: 10 });
  await one(catalogue, 'mug');
  advanceClock(9_000);
  await one(catalogue, 'mug');
  expect(service.requests).toHaveLength(1);
  advanceClock(11_000);
  service.behaviour = (_, response) => send(response, { ...productOf('mug'), price: 13 });
  expect(await one(catalogue, 'mug')).toEqual(found('mug', { price: '13' }));
});

test('a cached product is not used after its lifetime, even while the service is unavailable', async () => {
  const { catalogue, service } = await start({ cacheSeconds: 0.05 });
  await one(catalogue, 'mug');
  service.behaviour = status(503);
  await expect.poll(async () => (await one(catalogue, 'mug'))?.kind).toBe('unavailable');
});

test('an unknown product is cached for a second; a failure is not cached', async () => {
  const { catalogue, service } = await start({}, status(404));
  expect(await one(catalogue, 'soon')).toEqual({ kind: 'unknown' });
  service.behaviour = valid;
  expect(await one(catalogue, 'soon')).toEqual({ kind: 'unknown' });
  advanceClock(1_001);
  expect(await one(catalogue, 'soon')).toEqual(found('soon'));
  service.behaviour = status(500);
  expect(await one(catalogue, 'mug')).toEqual(unavailable('status 500'));
  service.behaviour = valid;
  expect(await one(catalogue, 'mug')).toEqual(found('mug'));
});

test('a full cache evicts the least recently used product', async () => {
  const { catalogue, service } = await start({ maxCached: 2 });
  for (const id of ['a', 'b', 'a', 'c', 'none', 'nothing', 'a']) await one(catalogue, id);
  const before = service.requests.length;
  await one(catalogue, 'b');
  expect(service.requests.filter((url) => url.endsWith('/a'))).toHaveLength(1);
  expect(service.requests).toHaveLength(before + 1);
});

/** Products that another server has looked up, and what this one reads and writes. */
function sharedCacheOf(products: Readonly<Record<string, CachedResult>>) {
  const reads: (readonly string[])[] = [];
  const written = new Map<string, ProductLookupResult>();
  const cache: SharedProductCache = {
    read: (ids) => {
      reads.push(ids);
      return Promise.resolve(ids.map((id) => products[id] ?? null));
    },
    write: (id, result) => void written.set(id, result),
  };
  return { cache, reads, written };
}

test('shared products need no request; the others are requested together and shared', async () => {
  const expiresAt = performance.now() + 60_000;
  const { cache, reads, written } = sharedCacheOf({
    mug: { result: { kind: 'found', product: { id: 'mug', name: 'Mug', price: '9', currency: 'EUR' } }, expiresAt },
    gone: { result: { kind: 'unknown' }, expiresAt },
  });
  const { catalogue, service } = await start({}, valid, cache);
  const mug = found('mug', { name: 'Mug', price: '9', currency: 'EUR' });
  const ids = ['cup', 'mug', 'none', 'gone', 'tea'];
  const results = [found('cup'), mug, { kind: 'unknown' }, { kind: 'unknown' }, found('tea')];
  expect(await catalogue.products(ids, callerOf())).toEqual(results);
  expect(await catalogue.products(ids, callerOf())).toEqual(results); // from the memory of the process
  expect(reads).toEqual([ids]);
  expect(service.requests).toEqual(['/api/products?ids=cup,none,tea']);
  expect([...written.keys()]).toEqual(['cup', 'none', 'tea']);
});

test('a shared product is used until its own end, not for another lifetime', async () => {
  const { cache } = sharedCacheOf({
    mug: { result: found('mug', { price: '9' }) as ProductLookupResult, expiresAt: performance.now() + 5_000 },
    cup: { result: found('cup', { price: '9' }) as ProductLookupResult, expiresAt: performance.now() - 1 },
  });
  const { catalogue, service } = await start({ cacheSeconds: 60 }, valid, cache);
  expect(await catalogue.products(['mug', 'cup'], callerOf())).toMatchObject([{ product: { price: '9' } }, {}]);
  advanceClock(4_000);
  vi.spyOn(cache, 'read').mockImplementation((ids) => Promise.resolve(ids.map(() => null)));
  expect(await one(catalogue, 'mug')).toMatchObject({ product: { price: '9' } });
  advanceClock(6_000);
  expect(await one(catalogue, 'mug')).toEqual(found('mug'));
  expect(service.requests).toHaveLength(1);
});

test('a request that fails twice is retried a second time', async () => {
  const { catalogue, service, lines } = await start({ retries: 2 });
  service.behaviour = (request, response) =>
    service.requests.length < 3
      ? send(response, {}, service.requests.length === 1 ? 500 : 429)
      : valid(request, response);
  expect(await one(catalogue, 'mug')).toEqual(found('mug'));
  expect(service.requests).toHaveLength(3);
  expect(lines).toEqual([]);
});

test('a broken connection is retried; an unreachable service is unavailable', async () => {
  const { catalogue, service, down, up } = await start({ retries: 1 });
  service.behaviour = (request, response) =>
    service.requests.length === 1 ? request.socket.destroy() : valid(request, response);
  expect(await one(catalogue, 'mug')).toEqual(found('mug'));
  down();
  expect(await one(catalogue, 'cup')).toEqual(unavailable('could not be reached: ECONNREFUSED'));
  await up();
  expect(await one(catalogue, 'cup')).toEqual(found('cup'));
});

test('a lookup fails at once while ten thousand requests wait', async () => {
  const { catalogue, service } = await start({ batch: 'off', timeoutMs: 60_000 }, () => undefined); // never responds
  const disconnection = new AbortController();
  const waiting = catalogue.products(
    Array.from({ length: 10_008 }, (_, index) => `p${index}`),
    callerOf({ deadline: performance.now() + 60_000, signal: disconnection.signal }),
  );
  await expect.poll(() => service.requests.length).toBe(8);
  expect(await one(catalogue, 'one more')).toEqual(
    unavailable('Too many requests are waiting for the product service'),
  );
  expect(service.requests).toHaveLength(8);
  disconnection.abort();
  expect((await waiting)[10_007]).toEqual(unavailable('The client has disconnected'));
});

test.each([
  ['the headers', () => undefined],
  ['the rest of the body', (_, response) => response.writeHead(200).write('{"id":')],
] satisfies [string, Behaviour][])('a service that sends %s too late causes a timeout', async (_, slow) => {
  const { catalogue, service } = await start({ timeoutMs: 250, retries: 3 }, slow);
  expect(await one(catalogue, 'mug')).toEqual(unavailable('did not respond within 250 ms'));
  expect(service.requests.length).toBeGreaterThan(1); // on a busy machine an attempt can time out before its request is sent
});

test('a lookup ends at the deadline or disconnection of its caller; the other callers get the product', async () => {
  const pending: (() => void)[] = [];
  const { catalogue, service } = await start({}, (request, response) => pending.push(() => valid(request, response)));
  const disconnection = new AbortController();
  const waiting = one(catalogue, 'mug');
  const expiring = one(catalogue, 'mug', callerOf({ deadline: performance.now() + 40 }));
  const disconnecting = one(catalogue, 'mug', callerOf({ signal: disconnection.signal, deadline: Infinity }));
  expect(await expiring).toEqual(unavailable('deadline passed'));
  disconnection.abort();
  expect(await disconnecting).toEqual(unavailable('client has disconnected'));
  await expect.poll(() => pending).toHaveLength(1);
  pending[0]?.();
  expect(await waiting).toEqual(found('mug'));
  expect(await one(catalogue, 'mug', callerOf({ deadline: 0 }))).toEqual(found('mug')); // cached, so it needs no request
  expect(await one(catalogue, 'cup', callerOf({ deadline: 0 }))).toEqual(unavailable('deadline passed'));
  expect(service.requests).toHaveLength(1);
});

test('products without waiting callers are not requested', async () => {
  const pending: (() => void)[] = [];
  const { catalogue, service } = await start({ batch: 'off' }, (request, response) =>
    pending.push(() => valid(request, response)),
  );
  const disconnection = new AbortController();
  const abandoned = one(catalogue, 'abandoned', callerOf({ signal: disconnection.signal }));
  disconnection.abort();
  expect(await abandoned).toEqual(unavailable('client has disconnected'));
  const eight = catalogue.products(['1', '2', '3', '4', '5', '6', '7', '8'], callerOf());
  await expect.poll(() => pending).toHaveLength(8);
  expect(await one(catalogue, 'queued', callerOf({ deadline: performance.now() + 20 }))).toEqual(
    unavailable('deadline'),
  );
  const last = one(catalogue, 'last');
  service.behaviour = valid;
  for (const respond of pending) respond();
  expect((await eight)[7]).toEqual(found('8'));
  expect(await last).toEqual(found('last'));
  expect(service.requests.slice(8)).toEqual(['/api/products/last']);
  expect(await catalogue.products(['queued', 'abandoned'], callerOf())).toEqual([found('queued'), found('abandoned')]);
});

test('after consecutive failures requests pause until a trial request succeeds', async () => {
  const { catalogue, service, lines } = await start({ breaker: { failures: 3, restMs: 250 } }, status(500));
  for (const id of ['a', 'b', 'c']) expect(await one(catalogue, id)).toEqual(unavailable('status 500'));
  for (const id of ['a', 'd', 'e']) expect(await one(catalogue, id)).toEqual(unavailable('requests to it are paused'));
  expect(service.requests).toHaveLength(3);
  await expect.poll(async () => one(catalogue, 'a').then(() => service.requests.length)).toBe(4); // the trial fails
  expect(await one(catalogue, 'a')).toEqual(unavailable('requests to it are paused'));
  service.behaviour = valid;
  await expect.poll(async () => one(catalogue, 'a')).toEqual(found('a'));
  expect(service.requests).toHaveLength(5);
  expect(lines).toMatchObject([
    { level: 40, msg: expect.stringContaining('circuit breaker opened') as string },
    { level: 30, msg: 'product service recovered; circuit breaker closed' },
  ]);
});

test('requests that are queued when the breaker opens fail at once', async () => {
  const breaker = { failures: 5, restMs: 5_000 };
  const { catalogue, service, lines } = await start(
    { batch: 'off', timeoutMs: 250, retries: 1, breaker },
    () => undefined,
  );
  const ids = Array.from({ length: 40 }, (_, index) => `p${index}`);
  const results = await catalogue.products(ids, callerOf());
  expect(results[39]).toEqual(unavailable('are paused'));
  expect(service.requests.length).toBeLessThan(16);
  expect(lines).toHaveLength(1);
});

test('without requests for several products each product is requested separately, at most eight at once', async () => {
  const COUNT = 30;
  const LIMIT = 8;
  let unfinished = COUNT;
  const waiting: (() => void)[] = [];
  let maxOpen = 0;
  const { catalogue, service } = await start({}, (request, response) => {
    if (Array.isArray(requestedIds(request)) || unfinished === 0) return singleProductsOnly(request, response);
    // Responds after the maximum number of concurrent requests has arrived.
    waiting.push(() => singleProductsOnly(request, response));
    maxOpen = Math.max(maxOpen, waiting.length);
    if (waiting.length < Math.min(LIMIT, unfinished)) return;
    unfinished -= waiting.length;
    for (const respond of waiting.splice(0)) respond();
  });
  const ids = Array.from({ length: COUNT }, (_, index) => `p${index}`);
  expect(await catalogue.products(ids, callerOf())).toEqual(ids.map((id) => found(id)));
  expect(maxOpen).toBe(LIMIT);
  expect(service.requests).toHaveLength(31);
  await catalogue.products(['x', 'y'], callerOf());
  expect(service.requests).toHaveLength(33);
  service.behaviour = valid;
  advanceClock(5 * 60_000 + 1);
  expect(await catalogue.products(['a', 'b'], callerOf())).toEqual([found('a'), found('b')]);
  expect(service.requests.slice(33)).toEqual(['/api/products?ids=a,b']);
});

test.each([
  ['status 400', status(400)],
  ['status 405', status(405)],
  ['status 501', status(501)],
  ['a redirect', (_, response) => response.writeHead(302, { location: '/login' }).end()],
  ['HTML', text('<html>')],
  ['a bare list', text('[]')],
  ['a page of other products', text(JSON.stringify({ products: [productOf('other')] }))],
  ['entries without id', text(JSON.stringify({ products: [{ name: 'a' }] }))],
  ['more than a megabyte', text(JSON.stringify({ products: [], more: 'x'.repeat(1_000_000) }))],
] satisfies [string, Behaviour][])(
  'after the response "%s" to a request for several products, each product is requested separately',
  async (_, many) => {
    const { catalogue, service } = await start({ retries: 1 });
    service.behaviour = (request, response) => (Array.isArray(requestedIds(request)) ? many : valid)(request, response);
    expect(await catalogue.products(['a', 'none'], callerOf())).toEqual([found('a'), { kind: 'unknown' }]);
    expect(service.requests).toHaveLength(3);
  },
);

test('after a failed request for several products, or rejected credentials, the products are not requested separately', async () => {
  const { catalogue, service } = await start({}, status(503));
  const both = (message: string) => [unavailable(message), unavailable(message)];
  expect(await catalogue.products(['a', 'b'], callerOf())).toEqual(both('status 503'));
  service.behaviour = status(401);
  expect(await catalogue.products(['a', 'b'], callerOf())).toEqual(both('status 401'));
  expect(service.requests).toHaveLength(2);
  service.behaviour = valid;
  expect(await catalogue.products(['a', 'b'], callerOf())).toEqual([found('a'), found('b')]);
  expect(service.requests).toHaveLength(3);
});

test('an invalid entry in a response for several products does not affect the other entries', async () => {
  const products = [productOf('a'), { ...productOf('b'), price: '-1' }, productOf('c'), productOf('c')];
  const { catalogue } = await start({}, text(JSON.stringify({ products })));
  expect(await catalogue.products(['a', 'b', 'c', 'd'], callerOf())).toEqual([
    found('a'),
    unavailable('its price'),
    unavailable('twice'),
    { kind: 'unknown' },
  ]);
});

test('with batches off each product is requested separately', async () => {
  const { catalogue, service } = await start({ batch: 'off' });
  expect(await catalogue.products(['a', 'b'], callerOf())).toEqual([found('a'), found('b')]);
  expect(service.requests.toSorted()).toEqual(['/api/products/a', '/api/products/b']);
});

test.each([
  ['12.50', '12.50'],
  ['0', '0'],
  ['0.000', '0.000'],
  ['1'.repeat(40), '1'.repeat(40)],
  [12.5, '12.5'],
  [0, '0'],
  [0.000001, '0.000001'],
  [123456789012.345, '123456789012.345'],
])('the price %j is read as %s', async (price, expected) => {
  const { catalogue } = await start({}, text(JSON.stringify({ ...productOf('mug'), price })));
  expect(await one(catalogue, 'mug')).toEqual(found('mug', { price: expected }));
});

test.each(
  [
    '-1',
    '+1',
    '',
    ' 1',
    '1.',
    '.5',
    '1e3',
    '1,50',
    'NaN',
    '0x1',
    '1'.repeat(41),
    -0.01,
    1e21,
    1e-7,
    1e16,
    0.1 + 0.2,
    null,
    [1],
  ].map((price) => [price]),
)('the price %j is invalid', async (price) => {
  const { catalogue } = await start({}, text(JSON.stringify({ ...productOf('mug'), price })));
  expect(await one(catalogue, 'mug')).toEqual(unavailable('its price is neither'));
});

const changed = (more: object) => text(JSON.stringify({ ...productOf('mug'), ...more }));

test.each([
  ['HTML', text('<html>Welcome</html>'), 'not valid JSON'],
  ['bytes that are no UTF-8', (_, response) => response.end(Buffer.from([0x22, 0xff, 0x22])), 'not valid JSON'],
  ['a list', text('[]'), 'not a JSON object'],
  ['a missing name', changed({ name: undefined }), 'its name is not a string'],
  ['a blank name', changed({ name: ' \n' }), 'its name is blank'],
  ['a long name', changed({ name: 'x'.repeat(501) }), 'its name is longer than 500'],
  ['a name with NUL', changed({ name: 'a\0' }), 'its name contains NUL'],
  ['a missing price', changed({ price: undefined }), 'its price is neither'],
  ['a currency in small letters', changed({ currency: 'usd' }), 'its currency is not three capital letters'],
  ['another id', changed({ id: 'cup' }), 'another product'],
  ['a number as id', changed({ id: 1 }), 'its id is not a string'],
  ['more than a megabyte', changed({ more: 'x'.repeat(1_000_000) }), 'must have at most 1 MB'],
  ['a redirect', (_, response) => response.writeHead(301, { location: '/api/products/cup' }).end(), 'status 301'],
  ['an empty body', (_, response) => response.writeHead(204).end(), 'status 204'],
  ['a rejection', status(403), 'status 403'],
] satisfies [string, Behaviour, string][])(
  'a response with %s is invalid: it is logged and not retried',
  async (_, behaviour, message) => {
    const { catalogue, service, lines } = await start({ retries: 2 }, behaviour);
    expect(await one(catalogue, 'mug')).toEqual(unavailable(message));
    expect(service.requests).toHaveLength(1);
    expect(lines).toMatchObject([{ level: 40, productId: 'mug' }]);
    service.behaviour = valid;
    expect(await one(catalogue, 'mug')).toEqual(found('mug'));
  },
);

test('invalid responses are logged at most every ten seconds', async () => {
  const { catalogue, lines } = await start({}, text('<html>'));
  await catalogue.products(['a', 'b', 'c'], callerOf());
  expect(lines).toHaveLength(1);
  advanceClock(10_001);
  await catalogue.products(['a', 'b', 'c'], callerOf());
  expect(lines).toHaveLength(2);
});

test('the URL may have a path and credentials; the credentials are sent as a header and never logged', async () => {
  const first = await start();
  const { catalogue, lines } = await start({
    url: `http://me%40shop:s%3Acret@127.0.0.1:${first.port}/v2/`,
    breaker: { failures: 1, restMs: 100 },
  });
  first.service.behaviour = (_, response) => send(response, productOf('mug'));
  expect(await one(catalogue, 'mug')).toEqual(found('mug'));
  expect(first.service.requests).toEqual(['/v2/api/products/mug']);
  expect(first.service.authorization).toBe(`Basic ${Buffer.from('me@shop:s:cret').toString('base64')}`);
  first.service.behaviour = text('<html>');
  const results = [await one(catalogue, 'a')];
  first.down();
  results.push(await one(catalogue, 'b'));
  expect(lines).toHaveLength(2);
  const output = JSON.stringify([
    lines,
    results.map((result) => String(result?.kind === 'unavailable' && result.cause)),
  ]);
  expect(output).not.toMatch(/cret|me@shop|me%40/);
});

test.each(['nowhere', 'ftp://shop', 'http://u:secret@shop/?x=1', 'http://shop/#x'])(
  'the URL %s is rejected and not repeated in the message',
  (url) => {
    const options = { timeoutMs: 1, cacheSeconds: 1, maxCached: 1, retries: 0, batch: 'auto' as const };
    const create = () =>
      createHttpProductLookup({ ...options, url, breaker: { failures: 1, restMs: 1 } }, pino({ level: 'silent' }));
    expect(create).toThrow("The product service's URL must be an http or https URL without query and fragment.");
  },
);
