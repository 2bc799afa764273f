import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { ORDER_STATUSES } from '../../src/domain/lifecycle.js';
import { useDatabase, useServer } from '../support/fixture.js';
import {
  assignCustomer,
  cancelOrder,
  createdWholeOrder,
  deleteOrder,
  eraseCustomer,
  transitionWholeOrder,
  updateOrder,
} from '../support/order-requests.js';

const database = useDatabase();
const server = useServer(database);

interface StoredEvent {
  readonly type: string;
  readonly payload: unknown;
}

async function eventsOf(id: string): Promise<StoredEvent[]> {
  return database.sql<StoredEvent>('SELECT type, payload FROM order_events WHERE order_id = $1 ORDER BY version', [id]);
}

test('the payloads of all event types match docs/event-payload.schema.json', async () => {
  const schema = JSON.parse(await readFile('docs/event-payload.schema.json', 'utf8')) as {
    readonly properties: { readonly status: { readonly enum: readonly string[] } };
  };
  expect(schema.properties.status.enum).toEqual(ORDER_STATUSES);
  const isPayload = new Ajv2020().compile(schema);

  const item = { name: 'Tea', unitPrice: '4.20', quantity: 3 };
  const completed = await createdWholeOrder(server, { items: [item], currency: 'KWD' });
  await updateOrder(server, { id: completed.id, expectedVersion: 1, shipping: '1.5' });
  for (const status of ['CONFIRMED', 'SHIPPED', 'DELIVERED', 'COMPLETED']) {
    await transitionWholeOrder(server, { id: completed.id, status });
  }
  await deleteOrder(server, { id: completed.id });
  const cancelled = await createdWholeOrder(server, { items: [item] });
  await cancelOrder(server, { id: cancelled.id, reason: 'FRAUD' });
  await assignCustomer(server, { id: cancelled.id, customerId: 'ada' });
  await eraseCustomer(server, 'ada');

  const events = [...(await eventsOf(completed.id)), ...(await eventsOf(cancelled.id))];
  const kinds = new Set(events.map(({ type }) => type));
  expect(kinds).toEqual(new Set(['CREATED', 'UPDATED', 'STATUS_CHANGED', 'DELETED']));
  for (const { type, payload } of events) {
    expect(isPayload(payload), `${type}: ${JSON.stringify(payload)} ${JSON.stringify(isPayload.errors)}`).toBe(true);
  }
  expect(events.map(({ payload }) => payload)).toMatchObject([
    { currency: 'KWD', status: 'PENDING', totalMinor: '12600' },
    { status: 'PENDING', totalMinor: '14100' },
    { status: 'CONFIRMED' },
    { status: 'SHIPPED' },
    { status: 'DELIVERED' },
    { status: 'COMPLETED', totalMinor: '14100' },
    { status: 'COMPLETED', totalMinor: '14100' },
    { currency: 'USD', status: 'PENDING', totalMinor: '1260' },
    { status: 'CANCELLED' },
    { status: 'CANCELLED', totalMinor: '1260' },
    { status: 'CANCELLED', totalMinor: '1260' },
  ]);
});

test('every event after the creation has the time of the creation', async () => {
  const { id } = await createdWholeOrder(server, {});
  await transitionWholeOrder(server, { id, status: 'CONFIRMED' });
  await deleteOrder(server, { id });
  const [order] = await database.sql<{ created_at: Date }>('SELECT created_at FROM orders WHERE id = $1', [id]);
  const times = (await eventsOf(id)).map(({ payload }) => (payload as { readonly createdAt?: string }).createdAt);
  const createdAt = order?.created_at.toISOString();
  expect(times).toEqual([undefined, createdAt, createdAt]);
});
