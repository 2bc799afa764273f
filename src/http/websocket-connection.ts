import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { CloseCode, MessageType, type Server } from 'graphql-ws';
import type { Logger } from 'pino';
import { WebSocket, type RawData } from 'ws';
import type { Identity } from '../auth/authenticate.js';
import { RunningSubscriptions } from './running-subscriptions.js';
import { StartingSubscriptions } from './starting-subscriptions.js';

/** The state of a connection that the hooks of graphql-ws receive. */
export interface Connection {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  /** Aborts when the client disconnects. */
  readonly gone: AbortSignal;
  /** Null until `connection_init` is authenticated. */
  identity: Identity | null;
  /** The message that is being handled; valid until its handler first awaits. */
  message: IncomingText;
  readonly running: RunningSubscriptions;
  readonly starting: StartingSubscriptions;
}

interface IncomingText {
  readonly length: number;
  /** The id of a subscribe message, once it counts as running. */
  subscriptionId?: string;
  /** Ends the set-up of a subscription, if that has not happened. */
  endStart?: () => void;
}

export interface ConnectionOptions {
  /** Maximum number of unsent bytes. */
  readonly maxUnsentBytes: number;
  /** Whether the server closes its websockets. */
  readonly isClosing: () => boolean;
  readonly log: Logger;
}

/** Close code for a client that does not read. */
const UNREAD_OUTPUT = 4413;

const KEEP_ALIVE_MS = 10_000;
/** Pings longer than this, in characters of the whole message, are answered without their payload. */
const MAX_ECHOED_PING = 1_000;
/** Maximum length of a close reason by RFC 6455, in bytes. */
const MAX_REASON = 123;

/**
 * Runs graphql-transport-ws over one websocket. Replaces `graphql-ws/use/ws`, which does not limit unsent output and logs
 * to the console.
 */
export function openConnection(
  server: Server<Connection>,
  socket: WebSocket,
  request: IncomingMessage,
  { maxUnsentBytes, isClosing, log }: ConnectionOptions,
): Connection {
  const gone = new AbortController();
  const running = new RunningSubscriptions();
  const starting = new StartingSubscriptions();
  const message: IncomingText = { length: 0 };
  const connection: Connection = { socket, request, gone: gone.signal, identity: null, message, running, starting };

  function close(code: number, reason: string): void {
    socket.close(code, Buffer.byteLength(reason) > MAX_REASON ? CloseCode[code] : reason);
  }

  /** Closes the socket if too much output is unsent. Must be called before each send. @returns whether sending is possible */
  function canSend(): boolean {
    if (socket.readyState !== WebSocket.OPEN) return false;
    if (socket.bufferedAmount <= maxUnsentBytes) return true;
    close(UNREAD_OUTPUT, unreadReason(running));
    return false;
  }

  async function send(text: string): Promise<void> {
    if (!canSend() || (isClosing() && isComplete(text))) return;
    await new Promise<void>((resolve) => {
      socket.send(text, () => resolve()); // a failed write closes the socket, which emits `close`
    });
  }

  socket.on('error', (cause) => log.debug({ err: cause }, 'websocket failed')); // ws closes the socket with the right code
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
          const message: IncomingText = { length: text.length };
          connection.message = message;
          handle(text)
            .catch((cause: unknown) => failMessage(cause, close, log))
            .finally(() => {
              // The handling of a subscribe message lasts as long as its subscription.
              message.endStart?.();
              if (message.subscriptionId !== undefined) running.delete(message.subscriptionId, message.length);
            });
        });
      },
      onPing: async (payload) => {
        const echoed = payload === undefined || connection.message.length > MAX_ECHOED_PING ? {} : { payload };
        await starting.settled();
        await send(JSON.stringify({ type: 'pong', ...echoed }));
      },
    },
    connection,
  );
  socket.once('close', (code, reason) => {
    gone.abort();
    clearInterval(keepAlive);
    Promise.resolve(closed(code, String(reason))).catch((cause: unknown) =>
      log.error({ err: cause }, 'closing a websocket failed'),
    );
  });
  return connection;
}

function unreadReason({ lastCursor }: RunningSubscriptions): string {
  return `Too much output is unread${lastCursor === null ? '' : `; last cursor ${lastCursor}`}`;
}

/** Terminates connections whose client no longer answers pings. */
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
    close(CloseCode.BadRequest, 'Unexpected message received'); // a message type that only servers send
    return;
  }
  const correlationId = randomUUID();
  log.error({ err: cause, correlationId }, 'websocket message failed unexpectedly');
  close(CloseCode.InternalServerError, `Internal server error (correlation id ${correlationId})`);
}

/** Clients do not repeat a completed subscription when they connect to another server. */
function isComplete(text: string): boolean {
  return (JSON.parse(text) as { readonly type: MessageType }).type === MessageType.Complete;
}
