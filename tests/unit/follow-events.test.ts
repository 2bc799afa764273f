import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handleProtocols } from 'graphql-ws';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { eventRequestOf, type WatchedEvent } from '../../src/cli/watch/event-request.js';
import { followEvents } from '../../src/cli/watch/follow-events.js';
import { readWatchOptions } from '../../src/cli/watch/watch-options.js';

interface FakeServer {
  readonly url: string;
  /** The cursors that the client sent, with `page` for a query over HTTP. */
  readonly requested: string[];
}

type Reply = (after: string) => object;

/** A server that responds to each subscription, and to each page of `orderEvents`. */
async function fakeServer(subscription: Reply, page: Reply): Promise<FakeServer> {
  const requested: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks = (await request.toArray()) as Buffer[];
    const { variables } = JSON.parse(Buffer.concat(chunks).toString()) as { variables: { after: string } };
    requested.push(`page ${variables.after}`);
    response.end(JSON.stringify(page(variables.after)));
  };
  const server = createServer((request, response) => void answer(request, response));
  const sockets = new WebSocketServer({ server, handleProtocols });
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => {
      const { type, id, payload } = JSON.parse((data as Buffer).toString()) as {
        readonly type: string;
        readonly id?: string;
        readonly payload?: { readonly variables: { readonly after: string } };
      };
      if (type === 'connection_init') socket.send(JSON.stringify({ type: 'connection_ack' }));
      if (type !== 'subscribe') return;
      const after = payload?.variables.after ?? '';
      requested.push(after);
      socket.send(JSON.stringify({ id, ...subscription(after) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, requested };
}

const errorOf = (code: string, lastCursor?: string) => ({
  type: 'error',
  payload: [{ message: code, extensions: { code, lastCursor } }],
});
const nextOf = (resumeCursor: string) => ({ type: 'next', payload: { data: { event: { resumeCursor } } } });

/** Follows from a cursor until an event was received over a WebSocket. @returns the events, and the cursors after them */
async function follow(url: string, after: string): Promise<{ readonly events: string[]; readonly cursors: string[] }> {
  const stop = new AbortController();
  const [events, cursors] = [[] as string[], [] as string[]];
  await followEvents({
    url,
    token: null,
    request: eventRequestOf(readWatchOptions([])),
    after,
    snapshot: false,
    onEvents: async (received: readonly WatchedEvent[], cursor, socket) => {
      events.push(...received.map(({ resumeCursor }) => resumeCursor));
      cursors.push(cursor);
      if (socket !== null) stop.abort();
    },
    report: () => undefined,
    subject: 'all orders',
    signal: stop.signal,
  });
  return { events, cursors };
}

test('after a temporary error, the next subscription begins at the last cursor of the error', async () => {
  const replies: Record<string, object> = {
    a: errorOf('SERVICE_UNAVAILABLE', 'b'),
    b: errorOf('SLOW_CONSUMER'),
  };
  const server = await fakeServer(
    (after) => {
      const reply = replies[after] ?? nextOf('d');
      if (after === 'b') replies['b'] = errorOf('THROTTLED', 'c');
      return reply;
    },
    () => ({}),
  );
  expect(await follow(server.url, 'a')).toEqual({ events: ['d'], cursors: ['d'] });
  expect(server.requested).toEqual(['a', 'b', 'b', 'c']);
});

test('an expired cursor is followed by pages, and by a subscription at their end', async () => {
  const pages: Record<string, object> = {
    a: { nodes: [], pageInfo: { endCursor: 'b', hasNextPage: true } },
    b: { nodes: [{ resumeCursor: 'c' }], pageInfo: { endCursor: 'd', hasNextPage: false } },
  };
  const server = await fakeServer(
    (after) => (after === 'd' ? nextOf('e') : errorOf('CURSOR_EXPIRED')),
    (after) => ({ data: { orderEvents: pages[after] } }),
  );
  expect(await follow(server.url, 'a')).toEqual({ events: ['c', 'e'], cursors: ['b', 'd', 'e'] });
  expect(server.requested).toEqual(['a', 'page a', 'page b', 'd']);
});

test('a cursor that pages reject too ends the command', async () => {
  const expired = { errors: [{ message: 'The log was restored.', extensions: { code: 'CURSOR_EXPIRED' } }] };
  const server = await fakeServer(
    () => errorOf('CURSOR_EXPIRED'),
    () => expired,
  );
  await expect(follow(server.url, 'a')).rejects.toMatchObject({ message: 'The log was restored.', exitStatus: 4 });
});
