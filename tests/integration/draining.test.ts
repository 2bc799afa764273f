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
  expect(await ready.ended).toMatch(/^HTTP\/1.1 503 (.*\r\n)+connection: close\r\n(.*\r\n)*.*shutting down/i);
  await release();
  expect(await order.ended).toMatch(/^HTTP\/1.1 200 (.*\r\n)+connection: close\r\n(.*\r\n)*.*PENDING/i);
  await closed;
});
