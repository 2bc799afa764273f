import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startProcess, temporaryFolder, type ServerProcess } from '../support/process.js';
import { startSwallowingProxy } from '../support/swallowing-proxy.js';
import { openWebsocket, type OpenWebsocket } from '../support/websocket.js';

const SUBSCRIBERS = 1_000;
/** Half-open connections are found within this time. */
const HALF_OPEN_MS = 25_000;

async function startServer(env: Record<string, string> = {}): Promise<ServerProcess> {
  return startProcess({ DATA_DIR: path.join(await temporaryFolder(), 'data'), ...env });
}

/** Creates orders, 100 in a request. @returns their ids */
async function createOrders(server: ServerProcess, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => crypto.randomUUID());
  const create = 'mutation ($input: CreateOrdersInput!) { createOrders(input: $input) { results { index } } }';
  for (const part of inHundreds(ids)) {
    const orders = part.map((id) => ({ id, items: [{ name: 'Tea', unitPrice: '4.20' }] }));
    await server.get(create, { input: { orders } });
  }
  return ids;
}

async function changeOrders(server: ServerProcess, ids: readonly string[], status: string): Promise<void> {
  const change =
    'mutation ($input: UpdateOrderStatusesInput!) { updateOrderStatuses(input: $input) { results { changed } } }';
  for (const part of inHundreds(ids)) {
    const { updateOrderStatuses } = await server.get<{ updateOrderStatuses: { results: { changed: boolean }[] } }>(
      change,
      { input: { changes: part.map((id) => ({ id, status })) } },
    );
    expect(updateOrderStatuses.results.filter(({ changed }) => changed)).toHaveLength(part.length);
  }
}

function inHundreds<T>(values: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(values.length / 100) }, (_, index) =>
    values.slice(index * 100, (index + 1) * 100),
  );
}

/** Resolves when the server has handled the messages before. */
async function settled(websocket: OpenWebsocket): Promise<void> {
  const id = `probe ${crypto.randomUUID()}`;
  websocket.send({ type: 'subscribe', id, payload: { query: '{ __typename }' } });
  await websocket.until((message) => message.id === id);
}

interface Event {
  readonly orderId: string;
  readonly version: number;
  readonly resumeCursor: string;
}

interface Subscribers {
  /** The events of each subscription so far. */
  readonly events: () => readonly (readonly Event[])[];
  readonly count: () => number;
}

const QUERY = `subscription ($orderId: ID, $after: String) {
  event: orderStatusChanged(orderId: $orderId, after: $after) { orderId version resumeCursor }
}`;

/** Opens a subscription for each set of variables, over a number of WebSockets. */
async function subscribe(
  url: string,
  variables: readonly { readonly orderId?: string; readonly after?: string }[],
  { over }: { readonly over: number },
): Promise<Subscribers> {
  const websockets: OpenWebsocket[] = [];
  for (let open = 0; open < over; open += 100) {
    const opening = Array.from({ length: Math.min(100, over - open) }, async () => openWebsocket(url));
    websockets.push(...(await Promise.all(opening)));
  }
  for (const [index, each] of variables.entries()) {
    const payload = { query: QUERY, variables: each };
    websockets[index % over]?.send({ type: 'subscribe', id: String(index), payload });
  }
  for (const part of inHundreds(websockets)) await Promise.all(part.map(settled));
  return {
    count: () => websockets.reduce((sum, { messages }) => sum + messages.filter(isEvent).length, 0),
    events() {
      const events = variables.map((): Event[] => []);
      for (const { messages } of websockets) {
        for (const message of messages.filter(isEvent)) events[Number(message.id)]?.push(message.payload.data.event);
      }
      return events;
    },
  };
}

type EventMessage = OpenWebsocket['messages'][number] & {
  readonly payload: { readonly data: { readonly event: Event } };
};

function isEvent(message: OpenWebsocket['messages'][number]): message is EventMessage {
  return (
    message.type === 'next' && (message.payload as { data?: { event?: unknown } | null }).data?.event !== undefined
  );
}

test.each([4, 2 * SUBSCRIBERS])(
  '1,000 subscribers of one order and 1,000 of one order each get every event once and in order, over %i WebSockets',
  async (over) => {
    const server = await startServer();
    const [shared = '', ...own] = await createOrders(server, SUBSCRIBERS + 1);
    const variables = [...own.map(() => ({ orderId: shared })), ...own.map((orderId) => ({ orderId }))];
    const subscribers = await subscribe(server.url, variables, { over });
    const statuses = ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'COMPLETED'];
    for (const status of statuses) await changeOrders(server, [shared], status);
    for (const status of statuses.slice(0, 2)) await changeOrders(server, own, status);
    const expected = SUBSCRIBERS * (statuses.length + 2);
    await expect.poll(subscribers.count, { timeout: 60_000, interval: 200 }).toBeGreaterThanOrEqual(expected);
    const [last = ''] = await createOrders(server, 1); // an event that matches no subscription
    const sentinel = await subscribe(server.url, [{ orderId: last }], { over: 1 });
    await changeOrders(server, [last], 'CONFIRMED');
    await expect.poll(sentinel.count).toBe(1);
    const events = subscribers.events();
    for (const [index, { orderId }] of variables.entries()) {
      const versions = index < SUBSCRIBERS ? [2, 3, 4, 5, 6] : [2, 3];
      expect(events[index]?.map((event) => [event.orderId, event.version])).toEqual(
        versions.map((version) => [orderId, version]),
      );
    }
  },
);

const OTHERS = 10;
/** About 10 KB for each event, so that few events fill the buffers of a connection. */
const LARGE = `subscription { event: orderStatusChanged { orderId version resumeCursor
  ${Array.from({ length: 150 }, (_, index) => `copy${index}: resumeCursor`).join(' ')} } }`;

test('a subscriber that never reads is ended with its last cursor, memory stays bounded, and the others miss nothing', async () => {
  const server = await startServer({ SUBSCRIBER_MAX_QUEUED: '200' });
  const stalled = await openWebsocket(server.url);
  stalled.send({ type: 'subscribe', id: 'stalled', payload: { query: LARGE } });
  await settled(stalled);
  const others = await subscribe(
    server.url,
    Array.from({ length: OTHERS }, () => ({})),
    { over: OTHERS },
  );
  stalled.socket.pause();
  const before = await memoryOf(server.pid);
  const ids: string[] = [];
  while (ids.length < 1_200) {
    ids.push(...(await createOrders(server, 100)));
    await expect.poll(others.count, { timeout: 30_000 }).toBe(OTHERS * ids.length);
  }
  expect((await memoryOf(server.pid)) - before).toBeLessThan(200_000_000);
  const all = others.events();
  const [order = []] = all;
  expect(new Set(order.map(({ orderId }) => orderId))).toEqual(new Set(ids));
  for (const events of all) expect(events).toEqual(order);

  stalled.socket.resume();
  const failure = await stalled.until(({ payload }) => Object.hasOwn(payload ?? {}, 'errors'));
  const sent = stalled.messages.filter(isEvent).map(({ payload }) => payload.data.event.resumeCursor);
  expect(sent.length).toBeLessThan(ids.length);
  const lastCursor = sent.at(-1);
  expect(failure).toMatchObject({ payload: { errors: [{ extensions: { code: 'SLOW_CONSUMER', lastCursor } }] } });
  const resumed = await subscribe(server.url, [{ after: lastCursor ?? '' }], { over: 1 });
  await expect.poll(() => sent.length + resumed.count(), { timeout: 30_000 }).toBe(ids.length);
  const rest = resumed.events()[0]?.map(({ resumeCursor }) => resumeCursor) ?? [];
  expect([...sent, ...rest]).toEqual(order.map(({ resumeCursor }) => resumeCursor));
});

/** Resident memory in bytes; 0 on systems other than Linux. */
async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return 1_024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
}

test('half-open connections are found within 25 s', async () => {
  const server = await startServer();
  const proxy = await startSwallowingProxy(server.url);
  const idle = await openWebsocket(proxy.url);
  const subscribed = await openWebsocket(proxy.url);
  subscribed.send({ type: 'subscribe', id: '1', payload: { query: QUERY } });
  await settled(subscribed);
  const direct = await subscribe(server.url, [{}], { over: 1 });
  const began = performance.now();
  const closed = proxy.swallow();
  const ids = await createOrders(server, 10); // unsent output must not hide the loss
  await closed;
  expect(performance.now() - began).toBeLessThan(HALF_OPEN_MS);
  expect(direct.count()).toBe(ids.length);
  expect([idle, subscribed].map(({ messages }) => messages.filter(isEvent).length)).toEqual([0, 0]);
});
