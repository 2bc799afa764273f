// Many subscribers in one process. They are cheap: messages are not parsed, only the order and version are cut out of them.
import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface Filter {
  readonly orderId?: string;
  readonly customerId?: string;
}

/** Called for each event. @param order the number in the id of the order */
export type OnEvent = (order: number, version: number) => void;

const QUERY = `subscription ($orderId: ID, $customerId: String) {
  orderStatusChanged(orderId: $orderId, customerId: $customerId) { orderId version from to occurredAt resumeCursor }
}`;
const BEFORE_ID = '{"id":"1","type":"next","payload":{"data":{"orderStatusChanged":{"orderId":"';
const BEFORE_VERSION = '","version":';
const ID_LENGTH = 36;
/** Connections that are made at the same time. */
const CONNECTING = 100;
const ZERO = 0x30;

/** The id of an order by its number. */
export function orderIdOf(order: number): string {
  return `00000000-0000-4000-8000-${order.toString(16).padStart(12, '0')}`;
}

export async function openSubscribers(
  url: string,
  filters: readonly Filter[],
  onEvent: OnEvent,
): Promise<{ readonly sockets: readonly WebSocket[]; readonly close: () => Promise<void> }> {
  const sockets: WebSocket[] = [];
  for (let index = 0; index < filters.length; index += CONNECTING) {
    const opening = filters
      .slice(index, index + CONNECTING)
      .map(async (filter) => openSubscriber(url, filter, onEvent));
    sockets.push(...(await Promise.all(opening)));
  }
  return {
    sockets,
    close: async () => {
      const closed = sockets.map(async (socket) => once(socket, 'close'));
      for (const socket of sockets) socket.close();
      await Promise.all(closed);
    },
  };
}

/** Resolves when the server has started the subscription. */
async function openSubscriber(url: string, filter: Filter, onEvent: OnEvent): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { perMessageDeflate: false });
  await once(socket, 'open');
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on('message', (data: Buffer) => {
    if (data.length > BEFORE_ID.length && data.toString('latin1', 0, BEFORE_ID.length) === BEFORE_ID)
      readEvent(data, onEvent);
    else if (data.includes('"id":"probe"')) resolve();
    else if (!data.includes('"connection_ack"')) reject(new Error(data.toString('utf8')));
  });
  socket.once('close', (code, reason) => reject(new Error(`A subscriber was closed with ${code} ${String(reason)}.`)));
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY, variables: filter } }));
  // Rejected after the subscription was started.
  socket.send(JSON.stringify({ id: 'probe', type: 'subscribe', payload: { query: '{ __typename }' } }));
  await promise;
  return socket;
}

function readEvent(data: Buffer, onEvent: OnEvent): void {
  const idEnd = BEFORE_ID.length + ID_LENGTH;
  const order = Number.parseInt(data.toString('latin1', idEnd - 12, idEnd), 16);
  onEvent(order, (data[idEnd + BEFORE_VERSION.length] ?? ZERO) - ZERO);
}
