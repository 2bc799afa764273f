// A websocket with one subscription, which keeps what it has received.
import { Counter, Trend } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';
import { CONNECTION_PARAMETERS, URL } from './settings.ts';

/** Time from the request of the writer to the event, in milliseconds. Writers and subscribers share a clock. */
const eventDelay = new Trend('event_delay', true);
const eventsReceived = new Counter('events_received');

const WATCH = `subscription ($customerId: String!) {
  orderStatusChanged(customerId: $customerId) { orderId version order { externalReference } } }`;

interface OrderEvent {
  readonly orderId: string;
  readonly version: number;
  readonly order: { readonly externalReference: string } | null;
}

interface SocketMessage {
  readonly type: string;
  readonly payload?: { readonly data?: { readonly orderStatusChanged: OrderEvent } | null };
}

export interface Subscriber {
  readonly received: () => number;
  /** The first error in the events so far; null without one. */
  readonly problem: () => string | null;
  readonly close: () => void;
}

/** Subscribes to the status changes of a customer's orders. Each order must have its versions 1, 2, … once and in order. */
export function subscribe(customerId: string): Subscriber {
  const versions = new Map<string, number>();
  let received = 0;
  let problem: string | null = 'never subscribed';
  let closing = false;
  const socket = new WebSocket(URL.replace(/^http/, 'ws'), 'graphql-transport-ws' as unknown as null); // @types/k6 lacks protocols

  const send = (message: object) => socket.send(JSON.stringify(message));
  socket.onopen = () => send({ type: 'connection_init', payload: CONNECTION_PARAMETERS });
  socket.onclose = () => {
    if (!closing) problem ??= 'closed by the server';
  };
  socket.onmessage = (event) => {
    const { type, payload } = JSON.parse(event?.data as string) as SocketMessage;
    if (type === 'connection_ack') {
      send({ type: 'subscribe', id: '1', payload: { query: WATCH, variables: { customerId } } });
      send({ type: 'ping' }); // its pong arrives when the subscription is set up
    } else if (type === 'pong') problem = null;
    else if (type === 'ping') send({ type: 'pong' });
    else if (type === 'next' && payload?.data) receive(payload.data.orderStatusChanged);
    else problem ??= `received ${type}: ${JSON.stringify(payload).slice(0, 200)}`;
  };

  function receive({ orderId, version, order }: OrderEvent): void {
    received += 1;
    eventsReceived.add(1);
    if (version === 1) eventDelay.add(Date.now() - Number.parseInt(order?.externalReference ?? '', 10));
    if (version !== (versions.get(orderId) ?? 0) + 1) problem ??= `version ${version} is repeated or early`;
    versions.set(orderId, version);
  }

  return {
    received: () => received,
    problem: () => problem,
    close: () => {
      closing = true;
      socket.close();
    },
  };
}
