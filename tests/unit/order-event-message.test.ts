import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { ORDER_STATUSES } from '../../src/domain/lifecycle.js';
import { MESSAGE_SCHEMA_VERSION, orderEventMessage } from '../../src/domain/order-event-message.js';
import type { LoggedEvent } from '../../src/domain/order-event.js';
import { loggedEvent } from '../support/events.js';

const schema = JSON.parse(await readFile('docs/order-event.schema.json', 'utf8')) as {
  readonly properties: Readonly<Record<string, { readonly const?: number; readonly properties?: object }>>;
  readonly $defs: { readonly status: { readonly enum: readonly string[] } };
};
const isMessage = new Ajv2020().compile(schema);

const ORDER_ID = '018f3f6e-0000-7000-8000-000000000001';
const PAYLOAD = {
  currency: 'KWD',
  status: 'CONFIRMED',
  totalMinor: '12600',
  createdAt: '2026-01-02T03:04:05.006Z',
} as const;

const eventOf = (more: Partial<LoggedEvent> = {}) => loggedEvent(2, { orderId: ORDER_ID, ...more });

test('a message has the event and the order after it, and matches the documented schema', () => {
  const message = orderEventMessage(eventOf({ customerId: 'ada', position: 9_007_199_254_740_993n }), PAYLOAD);
  expect(message).toEqual({
    schemaVersion: 1,
    id: `event:${ORDER_ID}:2`,
    position: '9007199254740993',
    orderId: ORDER_ID,
    version: 2,
    type: 'STATUS_CHANGED',
    from: 'PENDING',
    to: 'CONFIRMED',
    changedFields: [],
    customerId: 'ada',
    actor: { kind: 'system' },
    occurredAt: '1970-01-01T00:00:00.000Z',
    order: {
      status: 'CONFIRMED',
      total: { amount: '12.600', currency: 'KWD' },
      createdAt: '2026-01-02T03:04:05.006Z',
    },
  });
  expect([isMessage(message), isMessage.errors]).toEqual([true, null]);
});

test('the creation of an order has the time of its event', () => {
  const { createdAt: _, ...payload } = PAYLOAD;
  const message = orderEventMessage(eventOf({ version: 1, type: 'CREATED', from: null, to: 'PENDING' }), payload);
  expect(message.order.createdAt).toBe(message.occurredAt);
  expect([isMessage(message), isMessage.errors]).toEqual([true, null]);
});

test('the reason and the subject of the actor are not in the message', () => {
  const text = JSON.stringify(
    orderEventMessage(eventOf({ reason: 'Ada called', actor: { subject: 'grace', kind: 'staff' } }), PAYLOAD),
  );
  expect(text).not.toMatch(/Ada called|grace/);
});

test('the schema describes exactly the members of a message, and all statuses', () => {
  const message = orderEventMessage(eventOf(), PAYLOAD);
  expect(Object.keys(schema.properties)).toEqual(Object.keys(message));
  expect(Object.keys(schema.properties['order']?.properties ?? {})).toEqual(Object.keys(message.order));
  expect(schema.properties['schemaVersion']?.const).toBe(MESSAGE_SCHEMA_VERSION);
  expect(schema.$defs.status.enum).toEqual(ORDER_STATUSES);
});
