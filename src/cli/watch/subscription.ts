import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { endingByClose, endingByErrors, interrupted, type Ending } from './ending.js';

/** The server pings every 10 seconds: a connection without traffic for this time is lost. */
const SILENCE_MS = 30_000;

export interface SubscriptionRequest {
  readonly url: string;
  readonly token: string | null;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface SubscriptionListener<Data> {
  readonly onConnected: (socket: WebSocket) => void;
  readonly onData: (data: Data, socket: WebSocket) => void;
  /** Ends the subscription. */
  readonly signal: AbortSignal;
}

/** Runs one subscription over one connection. @returns why it ended, or null if the signal ended it */
export async function runSubscription<Data>(
  { url, token, query, variables }: SubscriptionRequest,
  { onConnected, onData, signal }: SubscriptionListener<Data>,
): Promise<Ending | null> {
  let connected: WebSocket | null = null;
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: token === null ? {} : { authorization: `Bearer ${token}` },
    connectionAckWaitTimeout: SILENCE_MS,
    retryAttempts: 0,
    on: {
      opened: (socket) => endOnSilence(socket as WebSocket),
      connected: (socket) => onConnected((connected = socket as WebSocket)),
    },
  });
  const { promise, resolve } = Promise.withResolvers<Ending | null>();
  const unsubscribe = client.subscribe<Data>(
    { query, variables },
    {
      next({ data, errors }) {
        if (errors !== undefined) resolve(endingByErrors(errors));
        else if (data !== null && data !== undefined && connected !== null) onData(data, connected);
      },
      error: (cause) =>
        resolve(Array.isArray(cause) ? endingByErrors(cause) : endingByClose(cause, url, connected !== null)),
      complete: () => resolve(interrupted(`The server at ${url} ended the subscription.`)),
    },
  );
  const stop = () => resolve(null);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', stop);
    unsubscribe();
    await client.dispose();
  }
}

/** Finds a connection that was lost without a message, for example because a router restarted. */
function endOnSilence(socket: WebSocket): void {
  const timer = setTimeout(() => socket.terminate(), SILENCE_MS);
  const heard = () => timer.refresh();
  socket.on('ping', heard);
  socket.on('message', heard);
  socket.once('close', () => clearTimeout(timer));
}
