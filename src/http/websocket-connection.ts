import type { IncomingMessage } from 'node:http';
import { CloseCode, type Server } from 'graphql-ws';
import type { Logger } from 'pino';
import { WebSocket, type RawData } from 'ws';
import type { Viewer } from '../domain/viewer.js';

/** What the hooks of a connection know of it. */
export interface Connection {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal;
  /** Null until `connection_init` is authenticated. */
  viewer: Viewer | null;
  /** Length of the message that is being handled, until its handler first waits. */
  messageLength: number;
  /** Lengths of the messages that began the subscriptions, by id. */
  readonly sizes: Map<string, number>;
}

export interface ConnectionOptions {
  /** Most bytes that wait for the client to read them. */
  readonly maxUnsentBytes: number;
  readonly log: Logger;
}

/** The client does not read what it is sent. */
const UNREAD_OUTPUT = 4413;

const KEEP_ALIVE_MS = 12_000;
/** The payload of a longer ping, in characters of the whole message, is not sent back. */
const MAX_ECHOED_PING = 1_000;
/** The websocket protocol's limit of a close reason, in bytes. */
const MAX_REASON = 123;

/**
 * Carries graphql-transport-ws over one websocket. In place of `graphql-ws/use/ws`, which neither bounds what it sends
 * nor leaves its errors to a logger.
 */
export function openConnection(
  server: Server<Connection>,
  socket: WebSocket,
  request: IncomingMessage,
  { maxUnsentBytes, log }: ConnectionOptions,
): void {
  const gone = new AbortController();
  const connection: Connection = {
    socket,
    request,
    gone: gone.signal,
    viewer: null,
    messageLength: 0,
    sizes: new Map(),
  };

  function close(code: number, reason: string): void {
    socket.close(code, Buffer.byteLength(reason) > MAX_REASON ? CloseCode[code] : reason);
  }

  /** Closes where too much is unread. Everything that is sent must ask first. @returns whether sending is possible */
  function canSend(): boolean {
    if (socket.readyState !== WebSocket.OPEN) return false;
    if (socket.bufferedAmount <= maxUnsentBytes) return true;
    close(UNREAD_OUTPUT, 'Too much output is unread');
    return false;
  }

  async function send(text: string): Promise<void> {
    if (!canSend()) return;
    await new Promise<void>((resolve) => {
      socket.send(text, () => resolve()); // a failed write ends the socket, which reports it by `close`
    });
  }

  socket.on('error', (cause) => log.debug({ err: cause }, 'a websocket failed')); // ws closes it with the right code
  socket.on('ping', (data: Buffer) => {
    if (canSend()) socket.pong(data);
  });
  const keepAlive = startKeepAlive(socket, canSend);

  const closed = server.opened(
    {
      protocol: socket.protocol,
      send,
      close,
      onMessage: (handle) => {
        socket.on('message', (data: RawData) => {
          if (socket.readyState !== WebSocket.OPEN) return;
          const text = (data as Buffer).toString('utf8');
          connection.messageLength = text.length;
          handle(text).catch((cause: unknown) => failMessage(cause, close, log));
        });
      },
      onPing: async (payload) => {
        const echoed = payload === undefined || connection.messageLength > MAX_ECHOED_PING ? {} : { payload };
        await send(JSON.stringify({ type: 'pong', ...echoed }));
      },
    },
    connection,
  );
  socket.once('close', (code, reason) => {
    gone.abort();
    clearInterval(keepAlive);
    Promise.resolve(closed(code, String(reason))).catch((cause: unknown) =>
      log.error({ err: cause }, 'a websocket was not closed cleanly'),
    );
  });
}

/** Ends connections whose other side has vanished without closing them. */
function startKeepAlive(socket: WebSocket, canSend: () => boolean): NodeJS.Timeout {
  let answered = true;
  socket.on('pong', () => (answered = true));
  return setInterval(() => {
    if (!answered) socket.terminate();
    else if (canSend()) {
      answered = false;
      socket.ping();
    }
  }, KEEP_ALIVE_MS);
}

function failMessage(cause: unknown, close: (code: number, reason: string) => void, log: Logger): void {
  if (cause instanceof Error && cause.message.startsWith('Unexpected message of type')) {
    close(CloseCode.BadRequest, 'Unexpected message received'); // one that only servers send
    return;
  }
  log.error({ err: cause }, 'a websocket message could not be handled');
  close(CloseCode.InternalServerError, 'Internal server error');
}
