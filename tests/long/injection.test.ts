import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { buildSchema } from 'graphql';
import { beforeAll, expect, test } from 'vitest';
import { createClient, type GraphQLError, type TestClient } from '../support/client.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { slotsOf, type Slot, type SlotOptions } from '../support/injection-probes.js';
import { createdOrder } from '../support/order-requests.js';
import { ANY_VALUES, MEANINGLESS, valuesOf } from '../support/payloads.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';
import { openWebsocket } from '../support/websocket.js';

/* Every argument and input field of schema.graphql takes every payload, as an admin: the viewer who may see the most. */

const LIMITS = {
  RATE_LIMIT: 'off',
  WEBSOCKET_MAX_SUBSCRIPTIONS: '1000',
  REQUEST_MAX_COST: '10000000',
  RATE_LIMIT_CAPACITY: '10000000',
};
const database = useDatabase();
const server = useServer(database, { ...AUTH_ENV, ...LIMITS });

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const [ORDER, TARGET, MISSING] = [randomUUID(), randomUUID(), randomUUID()];

const OPTIONS: SlotOptions = {
  args: {
    'Query.order': { id: `"${ORDER}"` },
    'Query.orderByNumber': { number: '"1001"' },
    'Query.orderByExternalReference': { customerId: '"ann"', externalReference: '"reference"' },
    'Query.customer': { customerId: '"ann"' },
    'Query.node': { id: `"${ORDER}"` },
    'Query.nodes': { ids: `["${ORDER}"]` },
    'OrderConnection.count': { limit: '10' },
  },
  selections: {
    Order: '{ id }',
    Node: '{ id }',
    Customer: '{ id orders { totalCount } }',
    OrderConnection: '{ nodes { id } totalCount pageInfo { hasNextPage hasPreviousPage } }',
    OrderEventConnection: '{ nodes { id } pageInfo { hasNextPage hasPreviousPage } }',
    OrderStats: '{ count byStatus { status count } }',
    StatsPoint: '{ count }',
    Count: '{ value precision }',
    OrderEvent: '{ id }',
    EraseCustomerPayload: '{ erasedOrders userErrors { code } }',
  },
  values: {
    ID: TARGET,
    'DeleteOrderInput.id': MISSING,
    String: 'x',
    Int: 1,
    Decimal: '1',
    OrderStatus: 'PENDING',
    OrderSortField: 'TOTAL',
  },
  companions: { 'OrderWhere.total': { currency: 'USD' }, 'OrderItemInput.quantity': { name: 'Tea', unitPrice: '1' } },
};

const [query, mutation, subscription] = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
const reads = slotsOf(schema, [query], OPTIONS);
const writes = slotsOf(schema, [null, mutation], OPTIONS).filter(({ name }) => name.startsWith('Mutation.'));
const subscriptions = slotsOf(schema, [null, null, subscription], OPTIONS).filter(({ name }) =>
  name.startsWith('Subscription.'),
);

let admin: TestClient;
beforeAll(async () => {
  admin = createClient(server.url, await signToken({ sub: 'ada', roles: ['admin'] }));
  for (const customerId of ['ann', 'bob', null]) {
    await createdOrder(admin, {
      customerId,
      externalReference: 'reference',
      customerEmail: `${customerId ?? 'guest'}@example.com`,
      metadata: { key: 'value' },
      ...(customerId === 'ann' ? { id: ORDER } : {}),
    });
  }
  await createdOrder(admin, { id: TARGET, customerId: 'target', externalReference: 'target' });
});

/** The rows of all orders but those of the tests, without the position that the sequencer gives later. */
async function storedRows(): Promise<readonly unknown[]> {
  const tables = ['orders', 'order_items', 'order_events', 'order_references'];
  const others = `(SELECT id FROM orders WHERE external_reference = 'reference')`;
  return Promise.all(
    tables.map((table) =>
      database.sql(
        `SELECT to_jsonb(t) - 'position' AS row FROM ${table} t
         WHERE ${table === 'orders' ? 'id' : 'order_id'} IN ${others} ORDER BY 1`,
      ),
    ),
  );
}

const CLIENT_ERRORS = new Set(['BAD_USER_INPUT', 'INVALID_CURSOR']);

interface Answer {
  readonly value: unknown;
  readonly status: number;
  readonly errors: readonly GraphQLError[];
  /** The data as text; null if the request or the field was rejected. */
  readonly data: string | null;
}

/** Sends the values in the slot, in as few requests as possible: those of a rejected request are sent in two halves. */
async function send(slot: Slot, values: readonly unknown[]): Promise<readonly Answer[]> {
  if (values.length === 0) return [];
  const { query: text, variables } = slot.request(values);
  const {
    status,
    data,
    errors = [],
  } = await admin.request<Record<string, unknown> | null | undefined>(text, variables);
  if (values.length > 1 && (data === null || data === undefined)) {
    const half = Math.ceil(values.length / 2);
    return [...(await send(slot, values.slice(0, half))), ...(await send(slot, values.slice(half)))];
  }
  return values.map((value, index) => {
    const field = data?.[`a${index}`] ?? null;
    const own = errors.filter(({ path }) => path === undefined || path[0] === `a${index}`);
    return { value, status, errors: own, data: own.length > 0 ? null : JSON.stringify(field) };
  });
}

/** The answers that no input may cause. */
function failuresOf({ name }: Slot, answers: readonly Answer[]): string[] {
  return answers.flatMap(({ value, status, errors, data }) => {
    const isExpected = errors.every(({ extensions }) => CLIENT_ERRORS.has(extensions.code));
    if (status < 500 && isExpected && (status === 200 || data === null)) return [];
    return `${name} with ${JSON.stringify(value)}: ${status} ${JSON.stringify(errors)}`;
  });
}

/** Runs the work for all slots, some at a time. */
async function forEachSlot(
  slots: readonly Slot[],
  work: (slot: Slot) => Promise<readonly string[]>,
): Promise<string[]> {
  const problems: string[] = [];
  const queue = slots.values();
  const worker = async () => {
    for (const slot of queue) problems.push(...(await work(slot)));
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return problems;
}

test('the slots include the filters, cursors, sorts, ids, metadata and addresses', () => {
  expect(reads.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'Query.orders(where.customerEmail.startsWith)',
      'Query.orders(orderBy.field)',
      'Query.nodes(ids)',
      'Customer.orders(where.number.in)',
      'Order.history(after)',
      'OrderConnection.count(limit)',
      'OrderStats.series(interval)',
    ]),
  );
  expect(writes.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'Mutation.createOrders(input.orders.items.sku)',
      'Mutation.createOrder(input.metadata)',
      'Mutation.updateOrder(input.billingAddress.region)',
      'Mutation.updateOrderStatuses(input.changes.tracking.url)',
      'Mutation.eraseCustomer(input.customerId)',
    ]),
  );
  expect(subscriptions.map(({ name }) => name)).toContain('Subscription.orderStatusChanged(orderId)');
});

/** The empty text stands for guests here. */
const BY_REFERENCE = 'Query.orderByExternalReference(customerId)';

test('every value in every slot of a query is rejected, or returns what a text without a meaning does', async () => {
  const before = await storedRows();
  const problems = await forEachSlot(reads, async (slot) => {
    const [meaningless] = await send(slot, [MEANINGLESS]);
    const isRejected = meaningless?.data === null; // so will be the others, one by one
    const values = valuesOf(slot.type).filter((value) => !(slot.name === BY_REFERENCE && value === ''));
    const answers = await (isRejected
      ? Promise.all(values.map((value) => send(slot, [value]))).then((lists) => lists.flat())
      : send(slot, values));
    const isCompared = slot.type === 'String' || slot.type === 'ID';
    const others = answers.filter(({ data }) => isCompared && data !== null && data !== meaningless?.data);
    return [
      ...failuresOf(slot, answers),
      ...others.map(({ value, data }) => `${slot.name} with ${JSON.stringify(value)} returned ${data}`),
    ];
  });
  expect(problems).toEqual([]);
  expect(await storedRows()).toEqual(before);
  expect(server.logged).toEqual([]);
});

test('no value in a slot of a mutation fails unexpectedly or changes another order', async () => {
  const before = await storedRows();
  const problems = await forEachSlot(writes, async (slot) => failuresOf(slot, await send(slot, valuesOf(slot.type))));
  expect(problems).toEqual([]);
  expect(await storedRows()).toEqual(before);
  expect(server.logged).toEqual([]);
});

test('values of every kind are rejected or accepted by every scalar and enum', async () => {
  const ofTypes = [...reads, ...writes].filter(
    ({ type }, at, all) => all.findIndex((slot) => slot.type === type) === at,
  );
  const problems = await forEachSlot(ofTypes, async (slot) => {
    const answers = await Promise.all(ANY_VALUES.map((value) => send(slot, [value])));
    return failuresOf(slot, answers.flat());
  });
  expect(problems).toEqual([]);
  expect(server.logged).toEqual([]);
});

test('no value in a slot of a subscription delivers an event of another order', async () => {
  const websocket = await openWebsocket(server.url, { init: false });
  const authorization = `Bearer ${await signToken({ sub: 'ada', roles: ['admin'] })}`;
  websocket.send({ type: 'connection_init', payload: { authorization } });
  await websocket.until(({ type }) => type === 'connection_ack');
  const sent = subscriptions.flatMap((slot) => valuesOf(slot.type).map((value) => ({ name: slot.name, value, slot })));
  for (const [index, { slot, value }] of sent.entries()) {
    websocket.send({ type: 'subscribe', id: String(index), payload: slot.request([value]) });
  }
  websocket.send({ type: 'subscribe', id: 'all', payload: { query: 'subscription { orderStatusChanged { id } }' } });
  websocket.send({ type: 'subscribe', id: 'last', payload: { query: '{ __typename }' } });
  await websocket.until(({ id }) => id === 'last');
  await createdOrder(admin, { customerId: 'ann' });
  await websocket.until(({ id, type }) => id === 'all' && type === 'next');
  const received = websocket.messages.flatMap(({ type, id, payload }) => {
    if (id === 'all' || id === 'last' || type === 'complete' || type === 'connection_ack') return [];
    const errors = type === 'error' ? payload : (payload as { readonly errors?: unknown }).errors;
    const [error] = (errors ?? []) as readonly GraphQLError[];
    const { code = '' } = error?.extensions ?? {};
    return code === 'BAD_USER_INPUT' || code === 'INVALID_CURSOR' ? [] : { ...sent[Number(id)], payload };
  });
  expect(received).toEqual([]);
  expect(server.logged).toEqual([]);
});
