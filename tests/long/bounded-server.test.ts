import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createBoundedServer } from '../../src/http/connections.js';

const BOUNDS = { maxConnections: 10, receiveTimeoutMs: 600, idleTimeoutMs: 1_200, keepAliveTimeoutMs: 400 };
const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

interface Connected {
  readonly socket: Socket;
  readonly received: () => string;
  /** Resolves with the time until the server closes the connection, in milliseconds. */
  readonly closedAfterMs: Promise<number>;
}

async function start(): Promise<() => Promise<Connected>> {
  const server = createBoundedServer((request, response) => {
    if (request.url !== '/never') response.end('ok');
  }, BOUNDS);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return async () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    const began = performance.now();
    const closedAfterMs = new Promise<number>((resolve) => {
      socket.once('close', () => resolve(performance.now() - began));
    });
    return { socket, received: () => text, closedAfterMs };
  };
}

test('a kept-alive connection serves further requests, and is closed when it is idle', async () => {
  const connection = await (await start())();
  for (let index = 1; index <= 4; index += 1) {
    connection.socket.write(GET);
    await expect.poll(() => connection.received().match(/ok/g)?.length ?? 0).toBe(index);
    await sleep(200);
  }
  const ms = await connection.closedAfterMs;
  expect(ms).toBeGreaterThan(800 + BOUNDS.keepAliveTimeoutMs - 250);
  expect(ms).toBeLessThan(5_000);
});

test.each([
  ['an unfinished request line', 'GET /'],
  ['an unfinished head', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
  ['an unfinished body', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n'],
])('%s is cut off after the receive time-out, also if bytes keep arriving', async (what, text) => {
  const open = await start();
  const silent = await open();
  const trickling = await open();
  for (const { socket } of [silent, trickling]) socket.write(text);
  const timer = setInterval(() => trickling.socket.write('a'), 50);
  onTestFinished(() => clearInterval(timer));
  for (const connection of [silent, trickling]) {
    const ms = await connection.closedAfterMs;
    expect(ms).toBeGreaterThan(BOUNDS.receiveTimeoutMs - 100);
    expect(ms).toBeLessThan(5_000);
    if (what !== 'an unfinished body') expect(connection.received()).toMatch(/^HTTP\/1.1 4/);
  }
});

test('a connection without traffic is closed while its request runs', async () => {
  const { socket, closedAfterMs, received } = await (await start())();
  socket.write(GET.replace('/', '/never'));
  const ms = await closedAfterMs;
  expect(ms).toBeGreaterThan(BOUNDS.idleTimeoutMs - 100);
  expect(ms).toBeLessThan(5_000);
  expect(received()).toBe('');
});
