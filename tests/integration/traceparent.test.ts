import { expect, test } from 'vitest';
import type { TestClient } from '../support/client.js';
import { useDatabase, useServer } from '../support/fixture.js';
import {
  assignCustomer,
  cancelOrder,
  createdOrder,
  createOrders,
  deleteOrder,
  eraseCustomer,
  transitionOrder,
  transitionOrders,
  updateOrder,
} from '../support/order-requests.js';
import { TEA } from '../support/order-documents.js';

const database = useDatabase();
const server = useServer(database);
const withoutFastLane = useServer(database, { GRAPHQL_FAST_LANE: 'off' });

let requests = 0;

/** A client whose requests have this trace context. */
function tracedBy(traceparent: string, { url }: TestClient): TestClient {
  const get = async <T>(query: string, variables: object = {}): Promise<T> => {
    const headers = { 'content-type': 'application/json', traceparent };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    const { data, errors } = (await response.json()) as { readonly data: T; readonly errors?: unknown };
    if (errors !== undefined) throw new Error(`unexpected errors: ${JSON.stringify(errors)}`);
    return data;
  };
  return { ...server, url, get };
}

function nextTraceparent(): string {
  requests += 1;
  const [trace, parent] = [requests.toString(16).padStart(32, '0'), requests.toString(16).padStart(16, '0')];
  return `00-${trace}-${parent}-01`;
}

/** The trace contexts of the events that a request stores. */
async function storedBy(client: TestClient, request: (client: TestClient) => Promise<unknown>, header: string) {
  await database.sql('CREATE TEMPORARY TABLE IF NOT EXISTS seen (order_id uuid, version int)');
  await database.sql('TRUNCATE seen');
  await database.sql('INSERT INTO seen SELECT order_id, version FROM order_events');
  await request(tracedBy(header, client));
  const rows = await database.sql<{ traceparent: string | null }>(
    `SELECT traceparent FROM order_events e
     WHERE NOT EXISTS (SELECT FROM seen s WHERE s.order_id = e.order_id AND s.version = e.version)`,
  );
  return rows.map(({ traceparent }) => traceparent);
}

const order = { items: [TEA] };

const MUTATIONS: Readonly<Record<string, (client: TestClient, id: string) => Promise<unknown>>> = {
  createOrder: (client) => createdOrder(client),
  'createOrders PARTIAL': (client) => createOrders(client, { policy: 'PARTIAL', orders: [order, order] }),
  'createOrders ALL_OR_NOTHING': (client) => createOrders(client, { policy: 'ALL_OR_NOTHING', orders: [order, order] }),
  updateOrder: (client, id) => updateOrder(client, { id, expectedVersion: 1, notes: 'ring twice' }),
  updateOrderStatus: (client, id) => transitionOrder(client, { id, status: 'CONFIRMED' }),
  updateOrderStatuses: (client, id) => transitionOrders(client, [{ id, status: 'CONFIRMED' }]),
  cancelOrder: (client, id) => cancelOrder(client, { id, reason: 'FRAUD' }),
  deleteOrder: (client, id) => deleteOrder(client, { id }),
  assignCustomer: (client, id) => assignCustomer(client, { id, customerId: 'ada' }),
  eraseCustomer: (client) => eraseCustomer(client, 'grace'),
};

test.each(Object.entries(MUTATIONS))('the events of %s have the trace context of its request', async (name, mutate) => {
  for (const client of [server, withoutFastLane]) {
    const owner = name === 'eraseCustomer' ? { customerId: 'grace' } : {};
    const { id } = await createdOrder(server, owner);
    const header = nextTraceparent();
    const stored = await storedBy(client, (traced) => mutate(traced, id), header);
    expect(new Set(stored)).toEqual(new Set([header]));
  }
});

test('an event has no trace context if its request has none, or an invalid one', async () => {
  const create = (client: TestClient) => createdOrder(client);
  expect(await storedBy(server, create, 'not-a-trace')).toEqual([null]);
  expect(await storedBy(server, () => createdOrder(server), '')).toEqual([null]);
});
