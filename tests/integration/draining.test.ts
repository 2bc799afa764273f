import { expect, test } from 'vitest';
import { serverForTest, useDatabase } from '../support/fixture.js';
import { lockTable } from '../support/locks.js';
import { CREATE_ORDER, TEA } from '../support/order-documents.js';
import { rawRequest } from '../support/raw-request.js';

const database = useDatabase();

test('a server that shuts down completes running requests, is not ready, and closes its connections', async () => {
  const server = await serverForTest(database, { DATABASE_LOCK_TIMEOUT_MS: '20000' }); // the request waits in the database
  const release = await lockTable(database, 'orders');
  const body = JSON.stringify({ query: CREATE_ORDER, variables: { input: { items: [TEA] } } });
  const head = [
    'POST /graphql HTTP/1.1',
    'Host: HOST',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  const order = await rawRequest(server.url, head, body);
  await expect.poll(() => database.sql('SELECT 1 FROM pg_locks WHERE NOT granted')).not.toEqual([]);
  const ready = await rawRequest(server.url, []);
  ready.socket.write('GET /ready HTTP/1.1\r\n'); // an incomplete request, so its connection is not idle
  expect((await fetch(new URL('/ready', server.url))).status).toBe(200);

  const closed = server.app.close();
  const isListening = () =>
    fetch(new URL('/health', server.url)).then(
      () => true,
      () => false,
    );
  await expect.poll(isListening).toBe(false);
  ready.socket.write(`Host: ${new URL(server.url).host}\r\n\r\n`);
  expect(await ready.ended).toMatch(/^HTTP\/1.1 503 (.*\r\n)+connection: close\r\n(.*\r\n)*.*draining/i);
  await release();
  expect(await order.ended).toMatch(/^HTTP\/1.1 200 (.*\r\n)+connection: close\r\n(.*\r\n)*.*PENDING/i);
  await closed;
});

const GET_HEALTH = ['GET /health HTTP/1.1', 'Host: HOST'];

test('after the delay, an open connection gets a response to its next request and is closed with it', async () => {
  const server = await serverForTest(database, { SHUTDOWN_DELAY_MS: '1000' });
  const [used, idle, unused] = [
    await rawRequest(server.url, GET_HEALTH),
    await rawRequest(server.url, GET_HEALTH),
    await rawRequest(server.url, []),
  ];
  const count = (text: string) => text.split('HTTP/1.1 200').length - 1;
  await expect.poll(() => [used, idle].map(({ received }) => count(received()))).toEqual([1, 1]);
  const send = ({ socket }: typeof used) =>
    socket.write(GET_HEALTH.join('\r\n').replace('HOST', new URL(server.url).host) + '\r\n\r\n');

  const closed = server.app.close();
  await expect.poll(async () => (await fetch(new URL('/ready', server.url))).status).toBe(503);
  send(used); // during the delay
  await expect.poll(() => count(used.received())).toBe(2);
  expect(used.received()).not.toContain('connection: close');
  await expect.poll(() => fetch(new URL('/health', server.url)).then(String, () => 'rejected')).toBe('rejected');
  send(used);
  expect(count(await used.ended)).toBe(3);
  expect(used.received()).toMatch(/connection: close/i);
  expect([idle.socket.readyState, unused.socket.readyState]).toEqual(['open', 'open']);
  expect(count(await idle.ended)).toBe(1);
  expect(await unused.ended).toBe('');
  await closed;
});

test('a connection without a request does not delay a shutdown', async () => {
  const server = await serverForTest(database);
  const unused = await rawRequest(server.url, []);
  const began = performance.now();
  await server.app.close();
  expect(await unused.ended).toBe('');
  expect(performance.now() - began).toBeLessThan(5_000); // the grace time is 10 s
});
