import { onTestFinished } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';

export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** A websocket without a GraphQL client, for messages that clients cannot send. */
export interface OpenWebsocket {
  readonly socket: WebSocket;
  readonly messages: readonly Message[];
  readonly send: (message: object) => void;
  /** Resolves with the first message that matches. */
  readonly until: (matches: (message: Message) => boolean) => Promise<Message>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** Opens a websocket and, by default, initialises its graphql-transport-ws connection. */
export async function openWebsocket(
  url: string,
  {
    init = true,
    protocol = 'graphql-transport-ws',
    ...options
  }: ClientOptions & { init?: boolean; protocol?: string } = {},
): Promise<OpenWebsocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), protocol, options);
  onTestFinished(() => socket.terminate());
  const messages: Message[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (data) => {
    messages.push(JSON.parse((data as Buffer).toString('utf8')) as Message);
    for (const check of waiting) check();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  socket.on('error', () => undefined); // `close` follows
  await new Promise<void>((resolve) => {
    socket.once('open', resolve);
    socket.once('close', resolve);
  });
  const open: OpenWebsocket = {
    socket,
    messages,
    closed,
    send: (message) => socket.send(JSON.stringify(message)),
    until: async (matches) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const found = messages.find((message) => matches(message));
          if (found === undefined) return;
          waiting.delete(check);
          resolve(found);
        };
        void closed.then(({ code, reason }) => reject(new Error(`closed with ${code} ${reason}`)));
        waiting.add(check);
        check();
      }),
  };
  if (init && socket.readyState === WebSocket.OPEN) {
    open.send({ type: 'connection_init' });
    await open.until((message) => message.type === 'connection_ack');
  }
  return open;
}

/** The HTTP status of a websocket handshake; 101 if it succeeds. */
export async function handshakeStatus(url: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { headers });
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode));
    socket.once('error', () => resolve(undefined));
    socket.once('open', () => {
      socket.terminate();
      resolve(101);
    });
  });
}
