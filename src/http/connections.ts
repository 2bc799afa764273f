import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import { SECURITY_HEADERS } from './security-headers.js';

export interface ServerBounds {
  /** Maximum number of open HTTP connections. Websockets have a separate limit. */
  readonly maxConnections: number;
  /** Maximum time for receiving a request, in milliseconds. */
  readonly receiveTimeoutMs: number;
  /** Maximum time without traffic on a connection that is serving a request, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Idle time after which a kept-alive connection is closed, in milliseconds. */
  readonly keepAliveTimeoutMs: number;
}

/** A rejected connection is destroyed after this time if the client does not read the response. */
const REJECTION_TIMEOUT_MS = 2_000;

/** An HTTP server with limits on the number and duration of its connections. */
export function createBoundedServer(handler: RequestListener, bounds: ServerBounds): Server {
  const { maxConnections, receiveTimeoutMs, idleTimeoutMs, keepAliveTimeoutMs } = bounds;
  const options: ServerOptions = {
    requestTimeout: receiveTimeoutMs, // also limits the headers
    connectionsCheckingInterval: Math.max(50, Math.min(1_000, receiveTimeoutMs / 10)),
    keepAliveTimeout: keepAliveTimeoutMs,
    joinDuplicateHeaders: true, // a second Authorization header must not be ignored
    shouldUpgradeCallback: isWebsocketRequest, // all other requests are plain HTTP, with or without an Upgrade header
  };
  const server = createServer(options, boundPipelines(handler));
  server.setTimeout(idleTimeoutMs);
  boundConnections(server, maxConnections);
  return server;
}

/** Maximum number of pipelined requests on one connection. Common clients do not pipeline. */
const MAX_PIPELINED = 8;
/** Maximum unread response bytes when the client sends another request. */
const MAX_UNREAD_BYTES = 1_000_000;

/** Closes connections that send requests without reading the responses, which would accumulate in memory. */
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

/** Rejects connections beyond the limit before the HTTP parser reads from them. */
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

/** Writes a response to a raw socket and closes it, even if the client does not read. */
export function reject(socket: Duplex, status: string, { code, message, headers = [] }: RejectionDetails): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] });
  const lines = [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ];
  const timer = setTimeout(() => socket.destroy(), REJECTION_TIMEOUT_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
