import { expect, test } from 'vitest';
import { useServer } from '../support/fixture.js';
import { placed, TEA, update } from '../support/queries.js';
import { openWebsocket, type OpenWebsocket } from '../support/websocket.js';

const fixture = useServer({ SUBSCRIBERS_MAX_COST: '1000000', READ_LANES: '1', REQUEST_DEADLINE_MS: '4000' });

async function subscribeMany(query: string, count: number): Promise<OpenWebsocket> {
  const websocket = await openWebsocket(fixture.server.url);
  for (let index = 0; index < count; index += 1) {
    websocket.send({ type: 'subscribe', id: String(index), payload: { query } });
  }
  websocket.send({ type: 'subscribe', id: 'probe', payload: { query: '{ __typename }' } });
  await websocket.until(({ id }) => id === 'probe');
  return websocket;
}

const nexts = ({ messages }: OpenWebsocket) => messages.filter(({ type }) => type === 'next');

const CREATE_MANY = 'mutation ($input: CreateOrdersInput!) { createOrders(input: $input) { results { index } } }';

test.each([
  [
    'one event of 60 costly subscriptions',
    60,
    Array.from({ length: 1_100 }, (_, index) => `v${index}: version`).join(' '),
    1,
  ],
  ['50 events of 300 small subscriptions', 300, 'version', 50],
])('other requests are answered in between the answers to %s', async (_what, count, fields, events) => {
  const customerId = `fan-out ${count}`;
  const query = `subscription { orderStatusChanged(customerId: "${customerId}") { orderId ${fields} } }`;
  const websocket = await subscribeMany(query, count);
  const orders = Array.from({ length: events }, () => ({ items: [TEA], customerId }));
  const creating = fixture.server.get(CREATE_MANY, { input: { orders } });
  await websocket.until(({ type }) => type === 'next');
  expect((await fetch(new URL('/health', fixture.server.url))).status).toBe(200);
  expect(nexts(websocket).length).toBeLessThan(count * events);
  await expect.poll(() => nexts(websocket).length, { timeout: 25_000 }).toBe(count * events);
  await creating;
  const byId = Map.groupBy(nexts(websocket), ({ id }) => id);
  expect(byId.size).toBe(count);
  const orderIds = (messages: readonly { readonly payload?: unknown }[]) =>
    messages.map(
      ({ payload }) =>
        (payload as { data: { orderStatusChanged: { orderId: string } } }).data.orderStatusChanged.orderId,
    );
  const expected = orderIds(byId.get('0') ?? []);
  for (const messages of byId.values()) expect(orderIds(messages)).toEqual(expected);
});

test('what a websocket still waits for is not read when it has gone', async () => {
  const { server, database } = fixture;
  const { id } = await placed(server, { customerId: 'gone' });
  const watching = (fields: string) =>
    subscribeMany(`subscription { orderStatusChanged(orderId: "${id}", to: [CONFIRMED]) { ${fields} } }`, 1);
  const [reading, seeing] = [await watching('order { id }'), await watching('version')];
  const [references, all] = [await database.connect(), await database.connect()];

  // The only read lane waits for a table that nothing else needs.
  await references.query('BEGIN; LOCK TABLE order_references IN ACCESS EXCLUSIVE MODE');
  const find = '{ orderByExternalReference(customerId: "none", externalReference: "none") { id } }';
  const first = server.ask(find);
  const waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'order_references'::regclass";
  await expect.poll(() => database.sql(waiting)).toHaveLength(1);

  await update(server, { id, status: 'CONFIRMED' });
  await seeing.until(({ type }) => type === 'next'); // then the other subscription waits for the lane
  reading.socket.terminate();
  await all.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
  await references.query('ROLLBACK');
  expect((await first).errors).toBeUndefined();
  expect((await server.ask(find)).errors).toBeUndefined(); // a read of the order would hold the lane
  await all.query('ROLLBACK');
});
