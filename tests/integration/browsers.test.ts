import { expect, test } from 'vitest';
import { serverForTest, useDatabase, useProxy, useServer } from '../support/fixture.js';
import { CREATE_ORDER, TEA } from '../support/order-documents.js';
import { HANDSHAKE, rawRequest } from '../support/raw-request.js';
import { handshakeStatus } from '../support/websocket.js';

const SHOP = 'https://shop.example';
const EVIL = [
  'https://evil.example',
  'http://localhost.evil.example',
  'http://shop.example',
  'null',
  'file://localhost',
];

const database = useDatabase();
const proxy = useProxy(database);
const server = useServer(database);
const open = useServer(proxy, { AUTH_MODE: 'open', CORS_ORIGINS: SHOP, REQUEST_MAX_BYTES: '2000' });

type Headers = Record<string, string>;

const post = (url: string, headers: Headers, body = '{"query":"{ __typename }"}') =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });

const preflight = (url: string, headers: Headers) =>
  fetch(url, { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST', ...headers } });

async function raw(url: string, lines: readonly string[], body = ''): Promise<string> {
  const { ended } = await rawRequest(url, [...lines, 'Connection: close', `Content-Length: ${body.length}`], body);
  return ended;
}

test.each(['http://localhost:5173', 'http://127.0.0.1:3000', 'https://localhost', 'http://[::1]:8080'])(
  'on loopback without authentication, a page at %s may call the server',
  async (origin) => {
    const answer = await preflight(server.url, { origin });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
    for (const body of ['{"query":"{ __typename }"}', '{"query":']) {
      const response = await post(server.url, { origin }, body);
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
      expect(response.headers.get('vary')).toBe('Origin');
    }
    expect(await handshakeStatus(server.url, { origin })).toBe(101);
  },
);

test('a preflight of a listed origin is answered with everything that clients need', async () => {
  const answer = await preflight(open.url, { origin: SHOP, 'access-control-request-private-network': 'true' });
  expect([answer.status, await answer.text()]).toEqual([204, '']);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'access-control-allow-origin': SHOP,
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers':
      'authorization, content-type, x-request-id, apollo-require-preflight, x-apollo-operation-name',
    'access-control-max-age': '600',
    'access-control-allow-private-network': 'true',
    vary: 'Origin',
  });
  expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
  const usual = await preflight(open.url, { origin: SHOP });
  expect(usual.headers.get('access-control-allow-private-network')).toBeNull();
});

test('a page of a listed origin can read every response, also errors', async () => {
  const read = async (response: Response) => {
    expect(response.headers.get('access-control-allow-origin')).toBe(SHOP);
    expect(response.headers.get('access-control-expose-headers')).toBe('x-request-id, retry-after, www-authenticate');
    expect(response.headers.get('vary')).toBe('Origin');
    return response.status;
  };
  const origin = SHOP;
  expect(await read(await post(open.url, { origin }))).toBe(200);
  expect(await read(await post(open.url, { origin }, '{ no json'))).toBe(400);
  expect(await read(await post(open.url, { origin }, `{"query":"${' '.repeat(3_000)}"}`))).toBe(413);
  expect(await read(await post(open.url, { origin, accept: 'text/html' }))).toBe(406);
  expect(await read(await fetch(`${open.url}/%`, { headers: { origin } }))).toBe(400);
  expect(await read(await fetch(`${open.url}/unknown`, { headers: { origin } }))).toBe(404);
  expect(await read(await fetch(open.url, { method: 'PUT', headers: { origin } }))).toBe(405);
  proxy.down();
  const unavailable = await post(open.url, { origin }, '{"query":"{ orders { nodes { id } } }"}');
  expect([await read(unavailable), unavailable.headers.get('retry-after')]).toEqual([503, '1']);
  proxy.up();
  const host = await raw(open.url, ['POST /graphql HTTP/1.1', 'Host: evil.example', `Origin: ${SHOP}`]);
  expect(host).toMatch(/^HTTP\/1.1 403 [\s\S]*access-control-allow-origin: https:\/\/shop.example\r\n/i);
});

test.each(EVIL)('a page at %s is rejected over HTTP and websocket, without CORS headers', async (origin) => {
  for (const { url } of [server, open]) {
    for (const response of [await preflight(url, { origin }), await post(url, { origin })]) {
      expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([403, null]);
      expect(response.headers.get('vary')).toBe('Origin');
      expect(await response.text()).toContain('"FORBIDDEN"');
    }
    expect(await handshakeStatus(url, { origin })).toBe(403);
  }
});

test('websockets are accepted from own pages, listed origins and clients other than browsers', async () => {
  for (const headers of [{}, { origin: SHOP }, { origin: new URL(open.url).origin }] as Headers[])
    expect(await handshakeStatus(open.url, headers)).toBe(101);
});

test('a name that is rebound to the address of an open server is rejected over HTTP and websocket', async () => {
  for (const { url } of [server, open]) {
    for (const origin of [[], ['Origin: http://evil.example:4000']]) {
      const name = ['Host: evil.example:4000', ...origin];
      const handshake = HANDSHAKE.filter((line) => !line.startsWith('Host'));
      expect(await raw(url, ['GET / HTTP/1.1', ...name])).toMatch(/^HTTP\/1.1 403 /);
      expect(await raw(url, ['POST /graphql HTTP/1.1', ...name])).toMatch(/^HTTP\/1.1 403 [\s\S]*ALLOWED_HOSTS/);
      expect(await (await rawRequest(url, [...handshake, ...name])).ended).toMatch(/^HTTP\/1.1 403 /);
    }
  }
});

test('ALLOWED_HOSTS lists the names of a server; probes may use any', async () => {
  const named = await serverForTest(database, { AUTH_MODE: 'open', ALLOWED_HOSTS: 'api.example,[::1]' });
  const status = async (host: string, path = '/graphql') =>
    Number((await raw(named.url, [`OPTIONS ${path} HTTP/1.1`, `Host: ${host}`])).slice(9, 12));
  expect([await status('api.example'), await status('api.example:80'), await status('[::1]:4000')]).toEqual([
    204, 204, 204,
  ]);
  expect([await status('localhost'), await status('api.example.evil.example')]).toEqual([403, 403]);
  for (const path of ['/health', '/ready'])
    expect(await raw(named.url, [`GET ${path} HTTP/1.1`, 'Host: 10.1.2.3:4000'])).toMatch(/^HTTP\/1.1 200 /);
});

/** A known document takes the fast lane; with the fast lane off, Apollo executes every request. */
const BOTH_PATHS = ['on', 'off'];

test.each(BOTH_PATHS)(
  'a request that a page can send without a preflight is not executed (fast lane %s)',
  async (GRAPHQL_FAST_LANE) => {
    const { url, get } = await serverForTest(database, { GRAPHQL_FAST_LANE });
    const notes = `csrf ${GRAPHQL_FAST_LANE}`;
    await get(CREATE_ORDER, { input: { items: [TEA], notes: 'known' } });
    const body = JSON.stringify({ query: CREATE_ORDER, variables: { input: { items: [TEA], notes } } });
    const types = [
      'text/plain',
      'text/plain;charset=UTF-8',
      'text/plain; application/json',
      'text/plain;a="application/json"',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'TEXT/PLAIN',
      ' text/plain ',
    ];
    for (const type of types) {
      const response = await raw(url, ['POST /graphql HTTP/1.1', 'Host: HOST', `Content-Type: ${type}`], body);
      expect([type, response.slice(0, 12)]).toEqual([type, 'HTTP/1.1 415']);
    }
    const untyped = await raw(url, ['POST /graphql HTTP/1.1', 'Host: HOST'], body); // a Blob without a type
    expect(untyped).toMatch(/^HTTP\/1.1 4/);
    expect(await database.sql('SELECT 1 FROM orders WHERE notes = $1', [notes])).toEqual([]);

    const query = `${url}?query=${encodeURIComponent('{ orders { nodes { id } } }')}`;
    for (const headers of [{}, { 'content-type': 'text/plain' }] as Headers[]) {
      const response = await fetch(query, { headers });
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('CSRF')]);
    }
    expect((await fetch(query, { headers: { 'apollo-require-preflight': '1' } })).status).toBe(200);
  },
);

test('every response forbids browsers to guess, frame and load', async () => {
  const expected = {
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    vary: 'Origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
  const { url } = server;
  const responses = [
    await post(url, {}),
    await post(url, {}, '{'),
    await post(url, { origin: 'https://evil.example' }),
    await preflight(url, { origin: 'http://localhost:3000' }),
    await fetch(`${url}/%`),
    await fetch(new URL('/unknown', url)),
    await fetch(new URL('/health', url)),
    await fetch(url, { headers: { accept: 'text/html' }, redirect: 'manual' }),
  ];
  for (const response of responses) expect(Object.fromEntries(response.headers)).toMatchObject(expected);
  const handshake = [...HANDSHAKE, 'Origin: https://evil.example'];
  for (const lines of [handshake, ['GET /health HTTP/9.9', 'Host: HOST']]) {
    const text = await (await rawRequest(url, lines)).ended;
    for (const [name, value] of Object.entries(expected)) expect(text).toContain(`\r\n${name}: ${value}\r\n`);
  }
});
