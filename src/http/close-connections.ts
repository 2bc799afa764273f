import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';

export interface CloseTimes {
  /** Time that idle connections stay open, in milliseconds: their next request may be on its way. */
  readonly lingerMs: number;
  /** Time after which all connections are cut, in milliseconds. */
  readonly graceMs: number;
}

/** Interval at which connections that have become idle are closed. */
const IDLE_CHECK_MS = 50;

/**
 * Prepares a server for a shutdown without failed requests. `close` stops accepting connections, and resolves when the open
 * ones have ended: after their next response, when they have been idle for the linger time, or after the grace time.
 */
export function createConnectionClosing(server: Server): (times: CloseTimes) => Promise<void> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });

  function closeIdle(): void {
    server.closeIdleConnections();
    // Node.js counts a connection as busy from its start until its first response.
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
  }

  return async ({ lingerMs, graceMs }) => {
    const closed = once(server, 'close');
    // `close` of an HTTP server would also close the idle connections.
    NetServer.prototype.close.call(server);
    let idleCheck: NodeJS.Timeout | undefined;
    const linger = setTimeout(() => {
      closeIdle();
      idleCheck = setInterval(closeIdle, IDLE_CHECK_MS);
    }, lingerMs);
    const grace = setTimeout(() => server.closeAllConnections(), graceMs);
    await closed;
    for (const timer of [linger, grace, idleCheck]) clearTimeout(timer);
  };
}
