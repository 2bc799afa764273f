import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { serverForTest, useDatabase, useServer } from '../support/fixture.js';
import { TEA } from '../support/order-documents.js';
import { createdOrder } from '../support/order-requests.js';
import { HANDSHAKE, rawRequest } from '../support/raw-request.js';
import { handshakeStatus, openWebsocket } from '../support/websocket.js';

const database = useDatabase();
const server = useServer(database, {
  REQUEST_RECEIVE_TIMEOUT_MS: '1000',
  REQUEST_MAX_BYTES: '100000',
  HTTP_CONNECTIONS_MAX: '60',
  WEBSOCKETS_MAX: '4',
});

const without = (name: string) => HANDSHAKE.filter((line) => !line.startsWith(name));

const FAILED_HANDSHAKES: readonly [what: string, lines: readonly string[], status: string][] = [
  ['another version', [...without('Sec-WebSocket-Version'), 'Sec-WebSocket-Version: 7'], '426'],
  ['a missing version', without('Sec-WebSocket-Version'), '426'],
  ['a missing key', without('Sec-WebSocket-Key'), '400'],
  ['a malformed key', [...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: short'], '400'],
  [
    'a repeated subprotocol',
    [...without('Sec-WebSocket-Protocol'), 'Sec-WebSocket-Protocol: graphql-transport-ws, graphql-transport-ws'],
    '400',
  ],
  ['another origin', [...HANDSHAKE, 'Origin: https://evil.example'], '403'],
  ['another host', [...without('Host'), 'Host: evil.example'], '403'],
  ['a proxy header', [...HANDSHAKE, 'X-Forwarded-For: 10.0.0.1'], '403'],
];

test.each(FAILED_HANDSHAKES)(
  'a websocket handshake with %s gets a response, and its socket is closed',
  async (_what, lines, status) => {
    const attempts = Array.from({ length: 10 }, async () => {
      const { ended } = await rawRequest(server.url, lines);
      return ended;
    });
    for (const text of await Promise.all(attempts)) expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  },
);

test.each([
  ['POST with Upgrade: foo', ['POST /graphql HTTP/1.1', 'Upgrade: foo'], '{"query":"{ __typename }"}', '200'],
  [
    'POST with Upgrade: websocket',
    ['POST /graphql HTTP/1.1', 'Upgrade: websocket'],
    '{"query":"{ __typename }"}',
    '200',
  ],
  ['GET with Upgrade: h2c', ['GET /health HTTP/1.1', 'Upgrade: h2c'], '', '200'],
  ['a websocket of another path', ['GET /other HTTP/1.1', 'Upgrade: websocket'], '', '404'],
])('%s is answered over plain HTTP', async (_what, lines, body, status) => {
  const { ended } = await rawRequest(
    server.url,
    [
      ...lines,
      'Host: HOST',
      'Connection: Upgrade, close',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ],
    body,
  );
  expect(await ended).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

test('failed handshakes and upgrades do not delay the shutdown of the server', async () => {
  const server = await serverForTest(database);
  const requests = [
    ...FAILED_HANDSHAKES.map(([, lines]) => lines),
    ['POST /graphql HTTP/1.1', 'Host: HOST', 'Upgrade: foo', 'Connection: Upgrade', 'Content-Length: 0'],
    ['GET /health HTTP/1.1', 'Host: HOST', 'Upgrade: h2c', 'Connection: Upgrade'],
  ];
  const connections = await Promise.all(requests.map(async (lines) => rawRequest(server.url, lines)));
  await Promise.all(
    connections.map(async ({ received, socket }) =>
      expect.poll(() => received() !== '' || socket.destroyed).toBe(true),
    ),
  );
  const began = performance.now();
  await server.close();
  expect(performance.now() - began).toBeLessThan(10_000);
}, 60_000);

test('a connection with a slow request head or body is closed', async () => {
  const head = ['POST /graphql HTTP/1.1', 'Host: HOST', 'Content-Type: application/json', 'Content-Length: 100'];
  const began = performance.now();
  const slow = await Promise.all([
    rawRequest(server.url, head, '{'),
    rawRequest(server.url, []),
    rawRequest(server.url, []).then((connection) => {
      connection.socket.write('GET /health HTTP/1.1\r\nHost');
      return connection;
    }),
  ]);
  for (const text of await Promise.all(slow.map(({ ended }) => ended))) expect(text).toMatch(/^HTTP\/1.1 408 /);
  expect(performance.now() - began).toBeLessThan(10_000); // the defaults of Node.js are 30 s to 5 minutes
});

test('the server announces for how long it keeps an idle connection', async () => {
  const response = await fetch(new URL('/health', server.url));
  expect(response.headers.get('keep-alive')).toBe('timeout=72');
});

test('a websocket without connection_init is closed after the timeout', async () => {
  const { closed } = await openWebsocket(server.url, { init: false });
  expect(await closed).toMatchObject({ code: 4408 });
});

test('a websocket message above the size limit of requests closes the socket', async () => {
  const { socket, closed } = await openWebsocket(server.url);
  socket.send('x'.repeat(100_001));
  expect(await closed).toMatchObject({ code: 1009 });
});

test('HTTP connections above the limit get 503 at once; websockets are not counted', async () => {
  const websocket = await openWebsocket(server.url);
  const { url } = server;
  const { hostname, port } = new URL(url);
  const idle = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const socket = connect(Number(port), hostname);
      onTestFinished(() => void socket.destroy());
      const answered = new Promise<string>((resolve) => {
        socket.once('data', (data) => resolve(String(data)));
        socket.once('error', () => resolve(''));
      });
      await new Promise((resolve) => socket.once('connect', resolve));
      return { socket, answered };
    }),
  );
  const rejected = await idle[199]?.answered;
  expect(rejected).toMatch(/^HTTP\/1.1 503 /);
  expect(rejected).toMatch(/retry-after: 1/i);
  expect(rejected).toContain('HTTP_CONNECTIONS_MAX');
  websocket.send({ type: 'ping' });
  await websocket.until((message) => message.type === 'pong');
  for (const { socket } of idle) socket.destroy();
  await expect
    .poll(async () =>
      createdOrder(server)
        .then((order) => order.status)
        .catch(() => null),
    )
    .toBe('PENDING');
});

test('the connection of a client that does not read its responses is closed', async () => {
  const orders = Array.from({ length: 100 }, () => ({ items: [TEA], notes: 'x'.repeat(800) }));
  const bounded = await serverForTest(database, {
    HTTP_CONNECTIONS_MAX: '1',
    REQUEST_DEADLINE_MS: '1000',
    REQUEST_RECEIVE_TIMEOUT_MS: '500',
  });
  const create = 'mutation ($input: CreateOrdersInput!) { createOrders(input: $input) { results { index } } }';
  await server.get(create, { input: { orders } });
  const body = JSON.stringify({ query: '{ orders(first: 100) { nodes { notes } } }' });
  const head = ['POST /graphql HTTP/1.1', 'Host: HOST', 'Content-Type: application/json'];
  const { socket } = await rawRequest(bounded.url, [...head, `Content-Length: ${body.length}`], body);
  socket.pause();
  const more = `${head.join('\r\n').replace('HOST', 'localhost')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  socket.write(more.repeat(250)); // 20 MB of responses, more than the socket buffers
  const status = async () =>
    (await fetch(new URL('/health', bounded.url), { headers: { connection: 'close' } })).status;
  expect(await status()).toBe(503); // the only allowed connection is open
  await expect.poll(status, { timeout: 20_000, interval: 100 }).toBe(200);
});

test('websockets above the limit are rejected until one is closed', async () => {
  const { url } = server;
  const open = [];
  for (let index = 0; index < 4; index += 1) open.push(await openWebsocket(url));
  expect(await handshakeStatus(url)).toBe(503);
  open[0]?.socket.terminate();
  await expect.poll(() => handshakeStatus(url)).toBe(101);
});
