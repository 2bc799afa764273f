import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { WebSocket as Adapter } from 'graphql-ws';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { encodeLogCursor } from '../../src/domain/log-cursor.js';
import { openConnection, type Connection } from '../../src/http/websocket-connection.js';
import { createLog } from '../../src/observability/log.js';
import { loggedEvent } from '../support/events.js';

interface Opened {
  readonly client: WebSocket;
  readonly socket: WebSocket;
  readonly adapter: Adapter;
  readonly connection: Connection;
  readonly logged: () => string;
}

/** Opens a websocket to a protocol that never answers. */
async function openPair(maxUnsentBytes: number, answersPings = true): Promise<Opened> {
  let logged = '';
  const log = createLog({ level: 'warn', destination: { write: (line) => (logged += line) } });
  const listening = new WebSocketServer({ port: 0 });
  onTestFinished(() => listening.close());
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { autoPong: answersPings });
  onTestFinished(() => client.terminate());
  const [[socket, request]] = (await Promise.all([once(listening, 'connection'), once(client, 'open')])) as unknown as [
    [WebSocket, IncomingMessage],
  ];
  const opened: { adapter: Adapter; connection: Connection }[] = [];
  const server = {
    opened: (adapter: Adapter, connection: Connection) => {
      opened.push({ adapter, connection });
      return () => Promise.resolve();
    },
  };
  openConnection(server, socket, request, { maxUnsentBytes, isClosing: () => false, log });
  const [pair] = opened;
  if (pair === undefined) throw new Error('the protocol was not opened');
  return { client, socket, ...pair, logged: () => logged };
}

test('a client that disconnects during a response is not logged as a failure', async () => {
  const { socket, adapter, logged } = await openPair(1_000);
  (socket as unknown as { readonly _socket: Socket })._socket.destroy();
  await adapter.send('a response');
  expect(logged()).toBe('');
});

test.each([
  ['that does not answer pings is terminated within 25 s', false],
  ['that answers pings stays open', true],
])('a client %s', async (_what, answersPings) => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const { client, socket } = await openPair(1_000, answersPings);
  let isOpen = true;
  socket.once('close', () => (isOpen = false));
  for (const ms of [12_500, 12_500]) {
    vi.advanceTimersByTime(ms);
    const received = answersPings ? once(socket, 'pong') : once(client, 'ping');
    await Promise.race([received, once(socket, 'close')]);
  }
  expect(isOpen).toBe(answersPings);
});

test('a socket that is closed because of unread output has the earliest last cursor of its subscriptions as the reason', async () => {
  const { client, adapter, connection } = await openPair(-1);
  for (const [id, version] of [
    ['a', 7],
    ['b', 5],
    ['c', 9],
  ] as const) {
    connection.running.add(id, 10);
    connection.running.sent(id, loggedEvent(version));
  }
  connection.running.delete('b', 10);
  const closed = once(client, 'close');
  await adapter.send('an event');
  const [code, reason] = (await closed) as [number, Buffer];
  expect(code).toBe(4413);
  expect(String(reason)).toBe(`Too much output is unread; last cursor ${encodeLogCursor(loggedEvent(7))}`);
});
