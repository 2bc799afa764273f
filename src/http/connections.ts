import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Duplex } from 'node:stream';

export interface ServerBounds {
  /** HTTP connections at once. Websockets do not count: they have a bound of their own. */
  readonly maxConnections: number;
  /** Longest time a client may take to send a request. */
  readonly receiveTimeoutMs: number;
  /** Longest time in which nothing is sent or received over a connection while it serves a request. */
  readonly idleTimeoutMs: number;
  /** Idle time after which a connection that has served a request is closed. */
  readonly keepAliveTimeoutMs: number;
}

/** A rejected client that does not read its answer is cut off after this time. */
const REJECTION_TIMEOUT_MS = 2_000;

/** An HTTP server whose connections are bounded in number and time. */
export function createBoundedServer(handler: RequestListener, bounds: ServerBounds): Server {
  const { maxConnections, receiveTimeoutMs, idleTimeoutMs, keepAliveTimeoutMs } = bounds;
  const options: ServerOptions = {
    requestTimeout: receiveTimeoutMs, // which bounds the headers as well
    connectionsCheckingInterval: Math.max(50, Math.min(1_000, receiveTimeoutMs / 10)),
    keepAliveTimeout: keepAliveTimeoutMs,
    shouldUpgradeCallback: isWebsocketRequest, // every other request is answered as plain HTTP, Upgrade header or not
  };
  const server = createServer(options, boundPipelines(handler));
  server.setTimeout(idleTimeoutMs);
  boundConnections(server, maxConnections);
  return server;
}

/** Most requests of one connection at once. Clients send one, and the next when it is answered. */
const MAX_PIPELINED = 8;
/** Most bytes of answers that a client has not read when it sends the next request. */
const MAX_UNREAD_BYTES = 1_000_000;

/** Ends connections that send requests without reading the answers: all of them would be held in memory. */
function boundPipelines(handler: RequestListener): RequestListener {
  const underWay = new WeakMap<object, number>();
  return (request, response) => {
    const { socket } = request;
    const count = (underWay.get(socket) ?? 0) + 1;
    if (count > MAX_PIPELINED || socket.writableLength > MAX_UNREAD_BYTES) {
      socket.destroy();
      return;
    }
    underWay.set(socket, count);
    response.once('close', () => underWay.set(socket, (underWay.get(socket) ?? 1) - 1));
    handler(request, response);
  };
}

function isWebsocketRequest({ method, url, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && (url ?? '').split('?')[0] === '/graphql';
}

/** Rejects connections beyond the bound before the HTTP parser sees them, so that nothing of their requests is run. */
function boundConnections(server: Server, maxConnections: number): void {
  const accept = server.listeners('connection') as ((socket: Duplex) => void)[];
  const open = new Set<Duplex>();
  server.removeAllListeners('connection');
  server.on('connection', (socket: Duplex) => {
    if (open.size >= maxConnections) {
      const message = 'The server has reached its limit of HTTP connections (HTTP_CONNECTIONS_MAX). Retry later.';
      reject(socket, '503 Service Unavailable', { code: 'OVERLOADED', message, headers: ['Retry-After: 1'] });
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    for (const listener of accept) listener.call(server, socket);
  });
  server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => open.delete(socket));
}

export interface RejectionDetails {
  readonly code: string;
  readonly message: string;
  readonly headers?: readonly string[];
}

/** Answers on a socket that no HTTP response belongs to, and closes it whatever its client does. */
export function reject(socket: Duplex, status: string, { code, message, headers = [] }: RejectionDetails): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] });
  const lines = [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ];
  const timer = setTimeout(() => socket.destroy(), REJECTION_TIMEOUT_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
