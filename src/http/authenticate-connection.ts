import { CloseCode } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Authenticate, Credentials } from '../auth/authenticate.js';
import { requestErrorOf } from '../graphql/errors.js';
import type { Connection } from './websocket-connection.js';

/** Close code of RFC 6455 for a server that is temporarily unable to serve. */
const TRY_AGAIN_LATER = 1013;
/** A websocket continues for this time after the expiry of its token: the clock of the issuer may be behind. */
const EXPIRY_GRACE_MS = 2_000;
/** Longer timers fire immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Authenticates a websocket by the payload of its `connection_init`, and closes it when its token expires. A rejected
 * websocket is closed with a code that clients retry.
 *
 * @returns whether the connection is accepted
 */
export async function authenticateConnection(
  connection: Connection,
  credentials: Credentials,
  authenticate: Authenticate,
): Promise<boolean> {
  const { socket, gone } = connection;
  try {
    connection.identity = await authenticate(credentials);
  } catch (cause) {
    const failure = requestErrorOf(cause);
    if (failure === null) throw cause;
    socket.close(failure.code === 'UNAUTHENTICATED' ? CloseCode.Forbidden : TRY_AGAIN_LATER, failure.message);
    return false;
  }
  const { expiresAt } = connection.identity;
  if (expiresAt !== null && !gone.aborted) closeAt(socket, expiresAt + EXPIRY_GRACE_MS);
  return true;
}

/** @param time in milliseconds of Unix time */
function closeAt(socket: WebSocket, time: number): void {
  let timer: NodeJS.Timeout;
  const wait = () => {
    const remainingMs = time - Date.now();
    if (remainingMs <= 0) socket.close(CloseCode.Forbidden, 'The token has expired.');
    else timer = setTimeout(wait, Math.min(remainingMs, MAX_TIMER_MS));
  };
  timer = setTimeout(wait, 0); // after the acknowledgement of the connection
  socket.once('close', () => clearTimeout(timer));
}
