import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { createHttpProductLookup, type HttpProductLookupOptions } from '../../src/catalogue/http-product-lookup.js';
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

/** What the service is asked for: one product, or several. */
function asked(request: IncomingMessage): string | string[] {
  const url = new URL(request.url ?? '', 'http://shop');
  const ids = /[?&]ids=([^&]*)/.exec(url.search)?.[1];
  if (ids !== undefined) return ids.split(',').map(decodeURIComponent);
  return decodeURIComponent(url.pathname.slice('/api/products/'.length));
}

function send(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Knows every product whose id does not begin with "no". */
const right: Behaviour = (request, response) => {
  const wanted = asked(request);
  const knows = (id: string) => !id.startsWith('no');
  if (Array.isArray(wanted)) send(response, { products: wanted.filter(knows).map(productOf).toReversed() });
  else if (knows(wanted)) send(response, productOf(wanted));
  else send(response, {}, 404);
};

const oneByOne: Behaviour = (request, response) =>
  Array.isArray(asked(request)) ? send(response, {}, 404) : right(request, response);

const status =
  (code: number): Behaviour =>
  (_, response) =>
    send(response, {}, code);

const text =
  (body: string): Behaviour =>
  (_, response) =>
    response.end(body);

/** A product service whose behaviour the test switches, and a catalogue on top of it. */
async function start(options: Partial<HttpProductLookupOptions> = {}, behaviour: Behaviour = right) {
  const shop = { behaviour, requests: [] as string[], authorization: undefined as string | undefined };
  const server = createServer((request, response) => {
    shop.requests.push(request.url ?? '');
    shop.authorization = request.headers.authorization;
    shop.behaviour(request, response);
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
  );
  return { shop, catalogue, lines, port, down, up: () => listen(port) };
}

async function one(
  catalogue: ProductLookup,
  id: string,
  wait: Caller = callerOf(),
): Promise<ProductLookupResult | undefined> {
  return (await catalogue.products([id], wait))[0];
}

const clock = performance.now.bind(performance);

/** Lets the clock that deadlines and memories go by run ahead. */
function later(ms: number): void {
  vi.spyOn(performance, 'now').mockImplementation(() => clock() + ms);
}

afterEach(() => {
  vi.restoreAllMocks();
});

test('a product is found with its name and price; one that the service does not have is unknown', async () => {
  const { catalogue, shop } = await start();
  expect(await one(catalogue, 'mug')).toEqual(found('mug'));
  expect(await one(catalogue, 'a/b c?&é%')).toEqual(found('a/b c?&é%'));
  expect(await one(catalogue, 'nothing')).toEqual({ kind: 'unknown' });
  expect(shop.requests).toEqual([
    '/api/products/mug',
    '/api/products/a%2Fb%20c%3F%26%C3%A9%25',
    '/api/products/nothing',
  ]);
});

test('ids that no URL can hold are unknown, without a request', async () => {
  const { catalogue, shop } = await start();
  const answers = await catalogue.products(['', '.', '..', '\ud800'], callerOf());
  expect(answers).toEqual(Array.from({ length: 4 }, () => ({ kind: 'unknown' })));
  expect(shop.requests).toEqual([]);
});

test('several products are one request, answered in the order of the ids', async () => {
  const { catalogue, shop } = await start();
  const answers = await catalogue.products(['a', 'none', 'b', 'a', 'é&'], callerOf());
  expect(answers).toEqual([found('a'), { kind: 'unknown' }, found('b'), found('a'), found('é&')]);
  expect(shop.requests).toEqual(['/api/products?ids=a,none,b,%C3%A9%26']);
});

test('fifty orders of the same product at a time cost one request', async () => {
  const { catalogue, shop } = await start();
  const answers = await Promise.all(Array.from({ length: 50 }, async () => one(catalogue, 'mug')));
  expect(answers).toEqual(Array.from({ length: 50 }, () => found('mug')));
  expect(shop.requests).toHaveLength(1);
});

test('who asks while the request is under way shares its answer', async () => {
  const held: (() => void)[] = [];
  const { catalogue, shop } = await start({}, (request, response) => held.push(() => right(request, response)));
  const first = one(catalogue, 'mug');
  await expect.poll(() => held).toHaveLength(1);
  const second = one(catalogue, 'mug');
  const other = one(catalogue, 'cup');
  await expect.poll(() => held).toHaveLength(2);
  held[0]?.();
  expect(await first).toEqual(found('mug'));
  expect(await second).toEqual(found('mug')); // though what was asked for later is not answered yet
  held[1]?.();
  expect(await other).toEqual(found('cup'));
  expect(shop.requests).toHaveLength(2);
});

test('a request holds at most a hundred ids, and fewer where they are long', async () => {
  const { catalogue, shop } = await start();
  const short = Array.from({ length: 250 }, (_, index) => `p${index}`);
  expect(await catalogue.products(short, callerOf())).toEqual(short.map((id) => found(id)));
  expect(shop.requests).toHaveLength(3);
  const long = Array.from({ length: 50 }, (_, index) => `${index}${'é'.repeat(100)}`);
  expect(await catalogue.products(long, callerOf())).toEqual(long.map((id) => found(id)));
  expect(Math.max(...shop.requests.map((url) => url.length))).toBeLessThan(4_100);
});

test('an id with a comma is asked for by itself', async () => {
  const { catalogue, shop } = await start();
  expect(await catalogue.products(['a', 'b,c', 'd'], callerOf())).toEqual([found('a'), found('b,c'), found('d')]);
  expect(shop.requests.toSorted()).toEqual(['/api/products/b%2Cc', '/api/products?ids=a,d']);
});

test('a known product is remembered for its time, and asked for anew after it', async () => {
  const { catalogue, shop } = await start({ cacheSeconds: 10 });
  await one(catalogue, 'mug');
  later(9_000);
  await one(catalogue, 'mug');
  expect(shop.requests).toHaveLength(1);
  later(11_000);
  shop.behaviour = (_, response) => send(response, { ...productOf('mug'), price: 13 });
  expect(await one(catalogue, 'mug')).toEqual(found('mug', { price: '13' }));
});

test('a cached product is not used after its lifetime, even while the service is unavailable', async () => {
  const { catalogue, shop } = await start({ cacheSeconds: 0.05 });
  await one(catalogue, 'mug');
  shop.behaviour = status(503);
  await expect.poll(async () => (await one(catalogue, 'mug'))?.kind).toBe('unavailable');
});

test('an unknown product is remembered for a second, a failure not at all', async () => {
  const { catalogue, shop } = await start({}, status(404));
  expect(await one(catalogue, 'soon')).toEqual({ kind: 'unknown' });
  shop.behaviour = right;
  expect(await one(catalogue, 'soon')).toEqual({ kind: 'unknown' });
  later(1_001);
  expect(await one(catalogue, 'soon')).toEqual(found('soon'));
  shop.behaviour = status(500);
  expect(await one(catalogue, 'mug')).toEqual(unavailable('status 500'));
  shop.behaviour = right;
  expect(await one(catalogue, 'mug')).toEqual(found('mug'));
});

test('beyond the bound the product that was not wanted for longest is forgotten', async () => {
  const { catalogue, shop } = await start({ maxCached: 2 });
  for (const id of ['a', 'b', 'a', 'c', 'none', 'nothing', 'a']) await one(catalogue, id);
  const before = shop.requests.length;
  await one(catalogue, 'b');
  expect(shop.requests.filter((url) => url.endsWith('/a'))).toHaveLength(1);
  expect(shop.requests).toHaveLength(before + 1);
});

test('a service that fails twice is asked a third time', async () => {
  const { catalogue, shop, lines } = await start({ retries: 2 });
  shop.behaviour = (request, response) =>
    shop.requests.length < 3 ? send(response, {}, shop.requests.length === 1 ? 500 : 429) : right(request, response);
  expect(await one(catalogue, 'mug')).toEqual(found('mug'));
  expect(shop.requests).toHaveLength(3);
  expect(lines).toEqual([]);
});

test('a connection that breaks is tried again; a service that stays away is unavailable', async () => {
  const { catalogue, shop, down, up } = await start({ retries: 1 });
  shop.behaviour = (request, response) =>
    shop.requests.length === 1 ? request.socket.destroy() : right(request, response);
  expect(await one(catalogue, 'mug')).toEqual(found('mug'));
  down();
  expect(await one(catalogue, 'cup')).toEqual(unavailable('could not be reached: ECONNREFUSED'));
  await up();
  expect(await one(catalogue, 'cup')).toEqual(found('cup'));
});

test('beyond ten thousand waiting requests a caller is answered at once', async () => {
  const { catalogue, shop } = await start({ batch: 'off', timeoutMs: 60_000 }, () => undefined); // never answers
  const gone = new AbortController();
  const waiting = catalogue.products(
    Array.from({ length: 10_008 }, (_, index) => `p${index}`),
    callerOf({ deadline: performance.now() + 60_000, signal: gone.signal }),
  );
  await expect.poll(() => shop.requests.length).toBe(8);
  expect(await one(catalogue, 'one more')).toEqual(
    unavailable('Too many requests are waiting for the product service'),
  );
  expect(shop.requests).toHaveLength(8);
  gone.abort();
  expect((await waiting)[10_007]).toEqual(unavailable('The client has disconnected'));
});

test.each([
  ['the headers', () => undefined],
  ['the rest of the body', (_, response) => response.writeHead(200).write('{"id":')],
] satisfies [string, Behaviour][])('a service that is slow with %s runs into the time-out', async (_, slow) => {
  const { catalogue, shop } = await start({ timeoutMs: 250, retries: 3 }, slow);
  expect(await one(catalogue, 'mug')).toEqual(unavailable('did not answer within 250 ms'));
  expect(shop.requests.length).toBeGreaterThan(1); // a busy machine may send the request of one try too late
});

test('a caller is answered at its own deadline, or when it goes; the others still get their answer', async () => {
  const held: (() => void)[] = [];
  const { catalogue, shop } = await start({}, (request, response) => held.push(() => right(request, response)));
  const gone = new AbortController();
  const patient = one(catalogue, 'mug');
  const hurried = one(catalogue, 'mug', callerOf({ deadline: performance.now() + 40 }));
  const leaving = one(catalogue, 'mug', callerOf({ signal: gone.signal, deadline: Infinity }));
  expect(await hurried).toEqual(unavailable('deadline passed'));
  gone.abort();
  expect(await leaving).toEqual(unavailable('client has disconnected'));
  await expect.poll(() => held).toHaveLength(1);
  held[0]?.();
  expect(await patient).toEqual(found('mug'));
  expect(await one(catalogue, 'mug', callerOf({ deadline: 0 }))).toEqual(found('mug')); // remembered, so it costs nothing
  expect(await one(catalogue, 'cup', callerOf({ deadline: 0 }))).toEqual(unavailable('deadline passed'));
  expect(shop.requests).toHaveLength(1);
});

test('products that no caller waits for are not requested', async () => {
  const held: (() => void)[] = [];
  const { catalogue, shop } = await start({ batch: 'off' }, (request, response) =>
    held.push(() => right(request, response)),
  );
  const gone = new AbortController();
  const unasked = one(catalogue, 'unasked', callerOf({ signal: gone.signal }));
  gone.abort();
  expect(await unasked).toEqual(unavailable('client has disconnected'));
  const eight = catalogue.products(['1', '2', '3', '4', '5', '6', '7', '8'], callerOf());
  await expect.poll(() => held).toHaveLength(8);
  expect(await one(catalogue, 'queued', callerOf({ deadline: performance.now() + 20 }))).toEqual(
    unavailable('deadline'),
  );
  const last = one(catalogue, 'last');
  shop.behaviour = right;
  for (const answer of held) answer();
  expect((await eight)[7]).toEqual(found('8'));
  expect(await last).toEqual(found('last'));
  expect(shop.requests.slice(8)).toEqual(['/api/products/last']);
  expect(await catalogue.products(['queued', 'unasked'], callerOf())).toEqual([found('queued'), found('unasked')]);
});

test('after consecutive failures requests pause until a trial request succeeds', async () => {
  const { catalogue, shop, lines } = await start({ breaker: { failures: 3, restMs: 250 } }, status(500));
  for (const id of ['a', 'b', 'c']) expect(await one(catalogue, id)).toEqual(unavailable('status 500'));
  for (const id of ['a', 'd', 'e']) expect(await one(catalogue, id)).toEqual(unavailable('requests to it are paused'));
  expect(shop.requests).toHaveLength(3);
  await expect.poll(async () => one(catalogue, 'a').then(() => shop.requests.length)).toBe(4); // the trial fails
  expect(await one(catalogue, 'a')).toEqual(unavailable('requests to it are paused'));
  shop.behaviour = right;
  await expect.poll(async () => one(catalogue, 'a')).toEqual(found('a'));
  expect(shop.requests).toHaveLength(5);
  expect(lines).toMatchObject([
    { level: 40, msg: expect.stringContaining('circuit breaker opened') as string },
    { level: 30, msg: 'product service recovered; circuit breaker closed' },
  ]);
});

test('requests that are queued when the breaker opens fail at once', async () => {
  const breaker = { failures: 5, restMs: 5_000 };
  const { catalogue, shop, lines } = await start(
    { batch: 'off', timeoutMs: 250, retries: 1, breaker },
    () => undefined,
  );
  const ids = Array.from({ length: 40 }, (_, index) => `p${index}`);
  const answers = await catalogue.products(ids, callerOf());
  expect(answers[39]).toEqual(unavailable('are paused'));
  expect(shop.requests.length).toBeLessThan(16);
  expect(lines).toHaveLength(1);
});

test('without requests for several products each product is requested separately, at most eight at once', async () => {
  const COUNT = 30;
  const LIMIT = 8;
  let unanswered = COUNT;
  const waiting: (() => void)[] = [];
  let most = 0;
  const { catalogue, shop } = await start({}, (request, response) => {
    if (Array.isArray(asked(request)) || unanswered === 0) return oneByOne(request, response);
    // Answers when as many requests as may be open have arrived.
    waiting.push(() => oneByOne(request, response));
    most = Math.max(most, waiting.length);
    if (waiting.length < Math.min(LIMIT, unanswered)) return;
    unanswered -= waiting.length;
    for (const answer of waiting.splice(0)) answer();
  });
  const ids = Array.from({ length: COUNT }, (_, index) => `p${index}`);
  expect(await catalogue.products(ids, callerOf())).toEqual(ids.map((id) => found(id)));
  expect(most).toBe(LIMIT);
  expect(shop.requests).toHaveLength(31);
  await catalogue.products(['x', 'y'], callerOf());
  expect(shop.requests).toHaveLength(33);
  shop.behaviour = right;
  later(5 * 60_000 + 1);
  expect(await catalogue.products(['a', 'b'], callerOf())).toEqual([found('a'), found('b')]);
  expect(shop.requests.slice(33)).toEqual(['/api/products?ids=a,b']);
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
  'a service that answers several ids with %s is asked one by one',
  async (_, many) => {
    const { catalogue, shop } = await start({ retries: 1 });
    shop.behaviour = (request, response) => (Array.isArray(asked(request)) ? many : right)(request, response);
    expect(await catalogue.products(['a', 'none'], callerOf())).toEqual([found('a'), { kind: 'unknown' }]);
    expect(shop.requests).toHaveLength(3);
  },
);

test('a failure on several ids is a failure, not a reason to ask for each; so is a rejection of the credentials', async () => {
  const { catalogue, shop } = await start({}, status(503));
  const both = (message: string) => [unavailable(message), unavailable(message)];
  expect(await catalogue.products(['a', 'b'], callerOf())).toEqual(both('status 503'));
  shop.behaviour = status(401);
  expect(await catalogue.products(['a', 'b'], callerOf())).toEqual(both('status 401'));
  expect(shop.requests).toHaveLength(2);
  shop.behaviour = right;
  expect(await catalogue.products(['a', 'b'], callerOf())).toEqual([found('a'), found('b')]);
  expect(shop.requests).toHaveLength(3);
});

test('in an answer for several products a bad entry spoils only itself', async () => {
  const products = [productOf('a'), { ...productOf('b'), price: '-1' }, productOf('c'), productOf('c')];
  const { catalogue } = await start({}, text(JSON.stringify({ products })));
  expect(await catalogue.products(['a', 'b', 'c', 'd'], callerOf())).toEqual([
    found('a'),
    unavailable('its price'),
    unavailable('twice'),
    { kind: 'unknown' },
  ]);
});

test('with batches off every product is asked for alone', async () => {
  const { catalogue, shop } = await start({ batch: 'off' });
  expect(await catalogue.products(['a', 'b'], callerOf())).toEqual([found('a'), found('b')]);
  expect(shop.requests.toSorted()).toEqual(['/api/products/a', '/api/products/b']);
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
])('the price %j is %s', async (price, expected) => {
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
)('the price %j makes no sense', async (price) => {
  const { catalogue } = await start({}, text(JSON.stringify({ ...productOf('mug'), price })));
  expect(await one(catalogue, 'mug')).toEqual(unavailable('its price is neither'));
});

const wrong = (more: object) => text(JSON.stringify({ ...productOf('mug'), ...more }));

test.each([
  ['HTML', text('<html>Welcome</html>'), 'not valid JSON'],
  ['bytes that are no UTF-8', (_, response) => response.end(Buffer.from([0x22, 0xff, 0x22])), 'not valid JSON'],
  ['a list', text('[]'), 'not a JSON object'],
  ['no name', wrong({ name: undefined }), 'its name is not a string'],
  ['a blank name', wrong({ name: ' \n' }), 'its name is blank'],
  ['a long name', wrong({ name: 'x'.repeat(501) }), 'its name is longer than 500'],
  ['a name with NUL', wrong({ name: 'a\0' }), 'its name contains NUL'],
  ['no price', wrong({ price: undefined }), 'its price is neither'],
  ['a small currency', wrong({ currency: 'usd' }), 'its currency is not three capital letters'],
  ['another id', wrong({ id: 'cup' }), 'another product'],
  ['a number as id', wrong({ id: 1 }), 'its id is not a string'],
  ['more than a megabyte', wrong({ more: 'x'.repeat(1_000_000) }), 'must have at most 1 MB'],
  ['a redirect', (_, response) => response.writeHead(301, { location: '/api/products/cup' }).end(), 'status 301'],
  ['no content', (_, response) => response.writeHead(204).end(), 'status 204'],
  ['a rejection', status(403), 'status 403'],
] satisfies [string, Behaviour, string][])(
  'a response with %s is invalid: it is logged and not retried',
  async (_, behaviour, message) => {
    const { catalogue, shop, lines } = await start({ retries: 2 }, behaviour);
    expect(await one(catalogue, 'mug')).toEqual(unavailable(message));
    expect(shop.requests).toHaveLength(1);
    expect(lines).toMatchObject([{ level: 40, productId: 'mug' }]);
    shop.behaviour = right;
    expect(await one(catalogue, 'mug')).toEqual(found('mug'));
  },
);

test('answers that make no sense are logged at most every ten seconds', async () => {
  const { catalogue, lines } = await start({}, text('<html>'));
  await catalogue.products(['a', 'b', 'c'], callerOf());
  expect(lines).toHaveLength(1);
  later(10_001);
  await catalogue.products(['a', 'b', 'c'], callerOf());
  expect(lines).toHaveLength(2);
});

test('the URL may have a path and credentials; those become a header and are in no log', async () => {
  const first = await start();
  const { catalogue, lines } = await start({
    url: `http://me%40shop:s%3Acret@127.0.0.1:${first.port}/v2/`,
    breaker: { failures: 1, restMs: 100 },
  });
  first.shop.behaviour = (_, response) => send(response, productOf('mug'));
  expect(await one(catalogue, 'mug')).toEqual(found('mug'));
  expect(first.shop.requests).toEqual(['/v2/api/products/mug']);
  expect(first.shop.authorization).toBe(`Basic ${Buffer.from('me@shop:s:cret').toString('base64')}`);
  first.shop.behaviour = text('<html>');
  const answers = [await one(catalogue, 'a')];
  first.down();
  answers.push(await one(catalogue, 'b'));
  expect(lines).toHaveLength(2);
  const told = JSON.stringify([lines, answers.map((answer) => String(answer?.kind === 'unavailable' && answer.cause))]);
  expect(told).not.toMatch(/cret|me@shop|me%40/);
});

test.each(['nowhere', 'ftp://shop', 'http://u:secret@shop/?x=1', 'http://shop/#x'])(
  'the URL %s is rejected and not quoted',
  (url) => {
    const options = { timeoutMs: 1, cacheSeconds: 1, maxCached: 1, retries: 0, batch: 'auto' as const };
    const create = () =>
      createHttpProductLookup({ ...options, url, breaker: { failures: 1, restMs: 1 } }, pino({ level: 'silent' }));
    expect(create).toThrow("The product service's URL must be an http or https URL without query and fragment.");
  },
);
