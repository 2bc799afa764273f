import { expect, test } from 'vitest';
import { useDatabase, useServer } from '../support/fixture.js';
import { Follower } from '../support/follower.js';
import { TEA } from '../support/order-documents.js';
import { createdOrder, transitionOrder } from '../support/order-requests.js';
import { insertCreated, randomIds } from '../support/rows.js';
import { openWebsocket, type OpenWebsocket } from '../support/websocket.js';

const database = useDatabase();
const server = useServer(database, {
  SUBSCRIBERS_MAX_COST: '1000000',
  READ_LANES: '1',
  REQUEST_DEADLINE_MS: '15000',
  DATABASE_STATEMENT_TIMEOUT_MS: '60000',
  DATABASE_LOCK_TIMEOUT_MS: '60000',
});

async function subscribeMany(query: string, count: number): Promise<OpenWebsocket> {
  const websocket = await openWebsocket(server.url);
  for (let index = 0; index < count; index += 1) {
    websocket.send({ type: 'subscribe', id: String(index), payload: { query } });
  }
  websocket.send({ type: 'subscribe', id: 'probe', payload: { query: '{ __typename }' } });
  await websocket.until(({ id }) => id === 'probe');
  return websocket;
}

const nexts = ({ messages }: OpenWebsocket) => messages.filter(({ type }) => type === 'next');

const COUNT = 60;

/** The estimated cost is above a thousand values, but the real response is small enough to read at once. */
const COSTLY_AND_SMALL =
  'order { customer { orders(first: 100) { nodes { id number status version createdAt updatedAt notes completedAt cancelledAt cancelReason } } } }';

test('requests are served between the results of many subscriptions to one event', async () => {
  const query = `subscription { orderStatusChanged(customerId: "fan-out") { orderId ${COSTLY_AND_SMALL} } }`;
  const websocket = await subscribeMany(query, COUNT);
  const creating = createdOrder(server, { customerId: 'fan-out' });
  await websocket.until(({ type }) => type === 'next');
  expect((await fetch(new URL('/health', server.url))).status).toBe(200);
  expect(nexts(websocket).length).toBeLessThan(COUNT);
  const { id } = await creating;
  await expect.poll(() => nexts(websocket).length, { timeout: 25_000 }).toBe(COUNT);
  expect(new Set(nexts(websocket).map((message) => message.id)).size).toBe(COUNT);
  for (const { payload } of nexts(websocket)) {
    expect(payload).toMatchObject({ data: { orderStatusChanged: { orderId: id } } });
    expect(payload).not.toHaveProperty('errors');
  }
});

test('every subscription receives every event in the same order', async () => {
  const query = 'subscription { orderStatusChanged(customerId: "many") { orderId } }';
  const websocket = await subscribeMany(query, 20);
  const orders = Array.from({ length: 50 }, () => ({ items: [TEA], customerId: 'many' }));
  const create = 'mutation ($input: CreateOrdersInput!) { createOrders(input: $input) { results { index } } }';
  await server.get(create, { input: { orders } });
  await expect.poll(() => nexts(websocket).length, { timeout: 25_000 }).toBe(20 * 50);
  const byId = Map.groupBy(nexts(websocket), ({ id }) => id);
  expect(byId.size).toBe(20);
  const received = [...byId.values()].map((messages) => messages.map(({ payload }) => payload));
  for (const payloads of received) expect(payloads).toEqual(received[0]);
});

test('a burst of 5,000 events ends no subscriber that reads', async () => {
  const followers = Array.from(
    { length: 2 },
    () => new Follower(server.url, { field: 'orderChanged(types: [CREATED])' }),
  );
  for (const follower of followers) await follower.connect();
  const ids = randomIds(5_000);
  await insertCreated(database, ids);
  for (const follower of followers) {
    await expect.poll(() => [follower.errors, follower.events.length], { timeout: 25_000 }).toEqual([[], 5_000]);
    expect(new Set(follower.events.map(({ orderId }) => orderId))).toEqual(new Set(ids));
  }
});

test('reads of a closed websocket are not run', async () => {
  const { id } = await createdOrder(server, { customerId: 'closed' });
  const subscribe = (fields: string) =>
    subscribeMany(`subscription { orderStatusChanged(orderId: "${id}", to: [CONFIRMED]) { ${fields} } }`, 1);
  const [closing, remaining] = [await subscribe('order { id }'), await subscribe('version')];
  const [references, all] = [await database.connect(), await database.connect()];

  // The only read lane waits for a table that no other read needs.
  await references.query('BEGIN; LOCK TABLE order_references IN ACCESS EXCLUSIVE MODE');
  const find = '{ orderByExternalReference(customerId: "none", externalReference: "none") { id } }';
  const first = server.request(find);
  const waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'order_references'::regclass";
  await expect.poll(() => database.sql(waiting)).toHaveLength(1);

  await transitionOrder(server, { id, status: 'CONFIRMED' });
  await remaining.until(({ type }) => type === 'next'); // now the other subscription waits for the lane
  closing.socket.terminate();
  await all.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
  await references.query('ROLLBACK');
  expect((await first).errors).toBeUndefined();
  expect((await server.request(find)).errors).toBeUndefined(); // a read of the order would occupy the lane
  await all.query('ROLLBACK');
});
