import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A TCP connection to the server, for requests that HTTP clients cannot send. */
export interface RawConnection {
  readonly socket: Socket;
  /** The bytes received so far, as text. */
  readonly received: () => string;
  /** Resolves with the whole received text when the server has closed the connection. */
  readonly ended: Promise<string>;
}

/** Connects and sends the lines as the head of a request. The client does not close the connection. */
export async function rawRequest(url: string, lines: readonly string[], body = ''): Promise<RawConnection> {
  const { hostname, port, host } = new URL(url);
  let text = '';
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  const ended = new Promise<string>((resolve) => {
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.once('end', () => resolve(text));
    socket.once('error', () => resolve(text)); // a reset ends the connection too
  });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  const head = lines.map((line) => line.replace('HOST', host));
  if (head.length > 0) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  return { socket, received: () => text, ended };
}

export const HANDSHAKE = [
  'GET /graphql HTTP/1.1',
  'Host: HOST',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: graphql-transport-ws',
];
