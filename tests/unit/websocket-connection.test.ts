import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { WebSocket as Adapter } from 'graphql-ws';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { openConnection } from '../../src/http/websocket-connection.js';
import { createLog } from '../../src/observability/log.js';

test('a client that disconnects during a response is not logged as a failure', async () => {
  let logged = '';
  const log = createLog({ level: 'warn', destination: { write: (line) => (logged += line) } });
  const listening = new WebSocketServer({ port: 0 });
  await once(listening, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(listening.address() as AddressInfo).port}`);
  const [[socket, request]] = (await Promise.all([once(listening, 'connection'), once(client, 'open')])) as unknown as [
    [WebSocket, IncomingMessage],
  ];

  const adapters: Adapter[] = [];
  const server = {
    opened: (adapter: Adapter) => {
      adapters.push(adapter);
      return () => Promise.resolve();
    },
  };
  openConnection(server, socket, request, { maxUnsentBytes: 1_000, log });
  (socket as unknown as { readonly _socket: Socket })._socket.destroy();
  await adapters[0]?.send('a response');

  expect(adapters).toHaveLength(1);
  expect(logged).toBe('');
  client.terminate();
  listening.close();
});
