import { createClient } from 'graphql-ws';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createClient as createTestClient } from '../support/client.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';
import { openWebsocket } from '../support/websocket.js';

const server = useServer(useDatabase(), AUTH_ENV);

test('a websocket is closed within five seconds of the expiry of its token', async () => {
  const websocket = await openWebsocket(server.url, { init: false });
  const expiry = Date.now() + 1_000;
  websocket.send({
    type: 'connection_init',
    payload: { authorization: `Bearer ${await signToken({ expiresIn: 1 })}` },
  });
  await websocket.until(({ type }) => type === 'connection_ack');
  expect(await websocket.closed).toEqual({ code: 4403, reason: 'The token has expired.' });
  expect(Date.now() - expiry).toBeGreaterThanOrEqual(-1_000); // exp is in whole seconds
  expect(Date.now() - expiry).toBeLessThan(5_000);
});

test('a client of graphql-ws continues with a new token', { timeout: 20_000 }, async () => {
  const closed: number[] = [];
  let connections = 0;
  const client = createClient({
    url: server.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: async () => {
      connections += 1;
      return {
        authorization: `Bearer ${await signToken({ roles: ['staff'], expiresIn: connections === 1 ? 1 : 60 })}`,
      };
    },
    retryWait: () => Promise.resolve(),
    on: { closed: (event) => closed.push((event as { code: number }).code) },
  });
  onTestFinished(async () => client.dispose());
  const seen: unknown[] = [];
  client.subscribe(
    { query: 'subscription { orderStatusChanged(customerId: "ann") { to } }' },
    { next: ({ data }) => seen.push(data), error: () => undefined, complete: () => undefined },
  );
  await vi.waitUntil(() => connections === 2, { timeout: 8_000 });
  expect(closed).toEqual([4403]);
  const staff = createTestClient(server.url, await signToken({ roles: ['staff'] }));
  await vi.waitUntil(
    async () => {
      await staff.get(
        'mutation { createOrder(input: { customerId: "ann", items: [{ name: "Tea", unitPrice: "1" }] }) { replayed } }',
      );
      return seen.length > 0;
    },
    { timeout: 8_000, interval: 200 },
  );
  expect(seen[0]).toEqual({ orderStatusChanged: { to: 'PENDING' } });
});
