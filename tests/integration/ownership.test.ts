import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createClient, type TestClient } from '../support/client.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { holdLocks } from '../support/locks.js';
import { TEA, USER_ERRORS, type OrderPayload, type UserError } from '../support/order-documents.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

/*
 * A customer reads and changes its own orders only. Someone else's order is the same as no order, and idempotency keys are
 * separate.
 */

const database = useDatabase();
const server = useServer(database, { ...AUTH_ENV, ALLOW_CUSTOMER_PRICES: 'true', RATE_LIMIT: 'off' });

async function as(role: 'customer' | 'staff' | 'admin', sub: string): Promise<TestClient> {
  return createClient(server.url, await signToken({ sub, roles: [role] }));
}

/** An order of an owner, and the clients of its owner, of another customer and of staff. */
async function orderOfOwner(input: object = {}) {
  const subject = randomUUID();
  const [owner, stranger, staff] = await Promise.all([
    as('customer', subject),
    as('customer', randomUUID()),
    as('staff', 'sam'),
  ]);
  const { order } = await create(owner, input);
  if (order === null) throw new Error('the order was rejected');
  return { id: order.id, number: order.number, subject, owner, stranger, staff };
}

async function create(client: TestClient, input: object): Promise<OrderPayload> {
  return mutate(client, 'CreateOrderInput', `createOrder(input: $input) { order { id number customerId } replayed`, {
    items: [TEA],
    ...input,
  });
}

const change = (name: string) => (client: TestClient, input: object) => {
  const type = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}Input`;
  return mutate(
    client,
    type,
    `${name}(input: $input) { order { id status allowedTransitions cancelReason notes } changed`,
    input,
  );
};
const cancel = change('cancelOrder');
const update = change('updateOrder');
const transition = change('updateOrderStatus');

async function mutate(client: TestClient, type: string, operation: string, input: object): Promise<OrderPayload> {
  const text = `mutation ($input: ${type}!) { payload: ${operation} ${USER_ERRORS} } }`;
  return (await client.get<{ payload: OrderPayload }>(text, { input })).payload;
}

async function deleteOrder(id: string): Promise<void> {
  const admin = await as('admin', 'ada');
  await admin.get('mutation ($id: ID!) { deleteOrder(input: {id: $id}) { deletedOrderId } }', { id });
}

/** The response to a request about an order, with its ids replaced, so that responses can be compared. */
async function about(client: TestClient, text: string, variables: Readonly<Record<string, string>>): Promise<string> {
  const { status, data, errors } = await client.request(text, variables);
  const ids = [...new Set(Object.values(variables))].filter((value) => value.length > 1);
  return ids.reduce((body, id) => body.replaceAll(id, '…'), JSON.stringify({ status, data, errors }));
}

const READS = {
  order: 'query ($id: ID!) { order(id: $id) { id } }',
  node: 'query ($id: ID!) { node(id: $id) { id } }',
  nodes: 'query ($id: ID!) { nodes(ids: [$id, $id]) { id } }',
  'orders by id of the customer':
    'query ($subject: String!) { orders(where: {customerId: $subject}) { nodes { id } totalCount count(limit: 5) { value precision } pageInfo { hasNextPage } } }',
  customer: 'query ($subject: String!) { customer(customerId: $subject) { id name email } }',
  orderByNumber: 'query ($number: String!) { orderByNumber(number: $number) { id } }',
  orderByExternalReference:
    'query ($subject: String!, $ref: String!) { orderByExternalReference(customerId: $subject, externalReference: $ref) { id } }',
  'orders by reference':
    'query ($ref: String!) { orders(where: {externalReference: {eq: $ref}}) { nodes { id } totalCount } }',
  'orders by number': 'query ($number: String!) { orders(where: {number: {eq: $number}}) { nodes { id } } }',
  history: 'query ($id: ID!) { order(id: $id) { history { nodes { id } } } }',
};

test.each(Object.entries(READS))(
  '%s returns the same for another customer’s order as for no order',
  async (_name, text) => {
    const ref = randomUUID();
    const { id, number, subject, stranger, owner } = await orderOfOwner({ externalReference: ref });
    const missing = { id: randomUUID(), number: '999999', subject: randomUUID(), ref: randomUUID() };
    const declared = (values: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(values).filter(([name]) => text.includes(`$${name}:`)));
    const foreign = await about(stranger, text, declared({ id, number, subject, ref }));
    expect(foreign).toBe(await about(stranger, text, declared(missing)));
    expect(await about(owner, text, declared({ id, number, subject, ref }))).not.toBe(foreign);
  },
);

test('items, events and customers of another customer’s order do not exist as nodes', async () => {
  const { id, subject, stranger, owner, staff } = await orderOfOwner();
  const ids = [`item:${id}:1`, `event:${id}:1`, `customer:${subject}`];
  const text = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
  expect(await stranger.get(text, { ids })).toEqual({ nodes: [null, null, null] });
  for (const client of [owner, staff])
    expect(await client.get(text, { ids })).toEqual({ nodes: ids.map((id) => ({ id })) });
});

const CHANGES: Readonly<Record<string, { readonly type: string; readonly name: string; readonly input: object }>> = {
  'an update': { type: 'UpdateOrderInput', name: 'updateOrder', input: { expectedVersion: 1, notes: 'x' } },
  'an update of another version': {
    type: 'UpdateOrderInput',
    name: 'updateOrder',
    input: { expectedVersion: 9, notes: 'x' },
  },
  'an update with a known key': {
    type: 'UpdateOrderInput',
    name: 'updateOrder',
    input: { expectedVersion: 1, notes: 'x', idempotencyKey: 'key of the owner' },
  },
  'a cancellation': { type: 'CancelOrderInput', name: 'cancelOrder', input: {} },
  'a cancellation with a note': {
    type: 'CancelOrderInput',
    name: 'cancelOrder',
    input: { note: 'x', expectedVersion: 7 },
  },
};

test.each(Object.entries(CHANGES))(
  '%s is rejected alike for another customer’s order and for no order',
  async (_what, { type, name, input }) => {
    const { id, owner, stranger } = await orderOfOwner();
    await update(owner, { id, expectedVersion: 1, notes: 'own', idempotencyKey: 'key of the owner' });
    const text = `mutation ($input: ${type}!) { ${name}(input: $input) { order { id } changed ${USER_ERRORS} } }`;
    const bodyOf = async (of: string) => {
      const { status, data, errors } = await stranger.request(text, { input: { id: of, ...input } });
      return JSON.stringify({ status, data, errors });
    };
    const foreign = await bodyOf(id);
    expect(foreign).toContain('"NOT_FOUND"');
    expect(foreign).toBe(await bodyOf(randomUUID()));
    await deleteOrder(id);
    expect(await bodyOf(id)).toBe(foreign);
    expect(await database.sql('SELECT version FROM orders WHERE id = $1', [id])).toEqual([{ version: 3 }]); // created, updated, deleted
  },
);

test('a rejected change of another customer’s order does not wait for its lock', async () => {
  const { id, owner, stranger } = await orderOfOwner();
  const release = await holdLocks(database, (client) =>
    client.query('SELECT 1 FROM orders WHERE id = $1 FOR UPDATE', [id]),
  );
  const { userErrors } = await cancel(stranger, { id }); // would time out
  expect(userErrors.map(({ code }) => code)).toEqual(['NOT_FOUND']);
  const own = cancel(owner, { id });
  await release();
  expect(await own).toMatchObject({ changed: true });
});

test('an id of another customer’s order, or of a deleted one, is a bare mismatch', async () => {
  const [existing, deleted] = [randomUUID(), randomUUID()];
  const { owner, stranger } = await orderOfOwner({ id: existing });
  await create(owner, { id: deleted });
  await deleteOrder(deleted);
  const mismatch = {
    order: null,
    replayed: false,
    userErrors: [
      {
        __typename: 'IdempotencyError',
        code: 'IDEMPOTENCY_MISMATCH',
        message: 'id was already used with different input.',
        field: ['input', 'id'],
        retryable: false,
      },
    ],
  };
  expect(await create(stranger, { id: existing })).toEqual(mismatch);
  expect(await create(stranger, { id: deleted })).toEqual(mismatch);
  expect(await create(owner, { id: existing, notes: 'other' })).toEqual(mismatch);
  expect(await create(owner, { id: existing })).toMatchObject({ replayed: true });
});

test('an external reference of another customer is free', async () => {
  const externalReference = randomUUID();
  const { stranger, owner } = await orderOfOwner({ externalReference });
  expect(await create(stranger, { externalReference })).toMatchObject({ userErrors: [], replayed: false });
  expect(await create(owner, { externalReference })).toMatchObject({ userErrors: [{ code: 'DUPLICATE' }] });
});

test('the same idempotency key of two clients identifies two requests, also on one order', async () => {
  const { id } = await orderOfOwner();
  const [ann, bob] = await Promise.all([as('staff', 'ann'), as('staff', 'bob')]);
  const idempotencyKey = 'key';
  const done = { changed: true, userErrors: [] };
  expect(await transition(ann, { id, status: 'CONFIRMED', idempotencyKey })).toMatchObject(done);
  expect(await transition(bob, { id, status: 'PROCESSING', idempotencyKey })).toMatchObject(done);
  expect(await transition(ann, { id, status: 'CONFIRMED', idempotencyKey })).toMatchObject(done); // replayed, not repeated
  expect(await database.sql('SELECT version FROM orders WHERE id = $1', [id])).toEqual([{ version: 3 }]);
  const orders = await Promise.all([ann, bob, ann].map(async (client) => create(client, { idempotencyKey })));
  expect(new Set(orders.map(({ order }) => order?.id)).size).toBe(2);
});

test('lists and counts of a customer include only its own orders, regardless of filter and cursor', async () => {
  const first = await orderOfOwner();
  const second = await orderOfOwner();
  await create(second.staff, {}); // of a guest
  const text = `query ($other: String!) {
    all: orders(first: 1) { nodes { id } totalCount pageInfo { hasNextPage endCursor } }
    byStatus: orders(where: {status: {eq: PENDING}}) { nodes { id } totalCount }
    foreign: orders(where: {customerId: $other}) { nodes { id } totalCount }
    guests: orders(where: {isGuest: true}) { nodes { id } totalCount }
  }`;
  interface Seen {
    readonly all: { readonly pageInfo: { readonly endCursor: string } };
  }
  const seen = await first.owner.get<Seen>(text, { other: second.subject });
  const own = { nodes: [{ id: first.id }], totalCount: 1 };
  const none = { nodes: [], totalCount: 0 };
  expect(seen).toMatchObject({
    all: { ...own, pageInfo: { hasNextPage: false } },
    byStatus: own,
    foreign: none,
    guests: none,
  });
  const page = 'query ($cursor: String!) { orders(before: $cursor) { nodes { id } } }';
  const { orders } = await second.owner.get<{ orders: { nodes: { id: string }[] } }>(page, {
    cursor: seen.all.pageInfo.endCursor,
  });
  expect(orders.nodes.filter(({ id }) => id !== second.id)).toEqual([]);
});

test('a cursor of another customer’s history is rejected like that of a missing order', async () => {
  const { id, owner, stranger } = await orderOfOwner();
  const { id: own } = (await create(stranger, {})).order ?? { id: '' };
  const { order } = await owner.get<{ order: { history: { pageInfo: { endCursor: string } } } }>(
    'query ($id: ID!) { order(id: $id) { history { pageInfo { endCursor } } } }',
    { id },
  );
  const { endCursor } = order.history.pageInfo;
  const cursorOf = (orderId: string) =>
    Buffer.from(Buffer.from(endCursor, 'base64url').toString().replace(id, orderId)).toString('base64url');
  const text = 'query ($id: ID!, $after: String!) { order(id: $id) { history(after: $after) { nodes { id } } } }';
  expect(cursorOf(own)).not.toBe(endCursor);
  const foreign = await about(stranger, text, { id: own, after: endCursor });
  expect(foreign).toContain('INVALID_CURSOR');
  expect(foreign).toBe(await about(stranger, text, { id: own, after: cursorOf(randomUUID()) }));
});

test('a subscription to another customer’s order receives nothing', async () => {
  const { id, subject, owner, stranger, staff } = await orderOfOwner();
  const text = (args: string) => `subscription { orderStatusChanged${args} { orderId order { id } } }`;
  const foreign = await Promise.all(
    ['', `(orderId: "${id}")`, `(customerId: "${subject}")`, `(orderId: "${randomUUID()}")`].map(async (args) =>
      stranger.subscribe(text(args)),
    ),
  );
  const own = await owner.subscribe(text(`(orderId: "${id}")`));
  const { id: next } = (await create(stranger, {})).order ?? { id: '' };
  await transition(staff, { id, status: 'CONFIRMED' });
  await transition(staff, { id: next, status: 'CONFIRMED' });
  await own.until((seen) => seen.length === 1);
  await foreign[0]?.until((seen) => seen.length === 2); // its own order, after the other one
  const ofNext = { orderStatusChanged: { orderId: next, order: { id: next } } };
  expect(foreign.map(({ seen, errors }) => ({ seen, errors }))).toEqual([
    { seen: [ofNext, ofNext], errors: [] },
    ...Array.from({ length: 3 }, () => ({ seen: [], errors: [] })),
  ]);
  await Promise.all([owner.dispose(), stranger.dispose()]);
});

const FORBIDDEN = { status: 403, data: { payload: null } };

test('a customer creates orders for itself only', async () => {
  const { subject, owner, staff } = await orderOfOwner();
  const one = `mutation ($input: CreateOrderInput!) { payload: createOrder(input: $input) { order { customerId } } }`;
  const many = `mutation ($input: CreateOrdersInput!) { payload: createOrders(input: $input) { results { index } } }`;
  const input = { items: [TEA] };
  const own = { payload: { order: { customerId: subject } } };
  for (const customerId of [undefined, null, subject]) {
    expect(await owner.get(one, { input: { ...input, customerId } })).toEqual(own);
  }
  const before = await database.sql('SELECT count(*)::int FROM orders');
  expect(await owner.request(one, { input: { ...input, customerId: 'other' } })).toMatchObject({
    ...FORBIDDEN,
    errors: [{ extensions: { code: 'FORBIDDEN', field: 'input.customerId' } }],
  });
  for (const policy of ['PARTIAL', 'ALL_OR_NOTHING']) {
    const orders = [input, { ...input, customerId: subject }, input, { ...input, customerId: 'other' }];
    expect(await owner.request(many, { input: { policy, orders } })).toMatchObject({
      ...FORBIDDEN,
      errors: [{ extensions: { code: 'FORBIDDEN', field: 'input.orders.3.customerId' } }],
    });
  }
  expect(await database.sql('SELECT count(*)::int FROM orders')).toEqual(before);
  expect(await staff.get(one, { input })).toEqual({ payload: { order: { customerId: null } } });
});

test('an omitted customerId is the same request as the customer’s own', async () => {
  const { owner, subject } = await orderOfOwner();
  const idempotencyKey = 'key';
  expect(await create(owner, { idempotencyKey })).toMatchObject({ replayed: false });
  expect(await create(owner, { idempotencyKey, customerId: subject })).toMatchObject({ replayed: true });
});

const errorOf = ({ userErrors }: OrderPayload): UserError | undefined => userErrors[0];

test('a customer cancels its order while it is PENDING or CONFIRMED, with the reason CUSTOMER', async () => {
  const pending = await orderOfOwner();
  expect(await cancel(pending.owner, { id: pending.id, note: 'Too late' })).toMatchObject({
    changed: true,
    order: { status: 'CANCELLED', cancelReason: 'CUSTOMER', allowedTransitions: [] },
  });
  const { id, owner, staff } = await orderOfOwner();
  await transition(staff, { id, status: 'PROCESSING' });
  expect(errorOf(await cancel(owner, { id }))).toMatchObject({
    code: 'INVALID_TRANSITION',
    message: 'The order is PROCESSING and cannot become CANCELLED; your role allows no transition from this status.',
    from: 'PROCESSING',
    to: 'CANCELLED',
    allowed: [],
  });
  expect(await cancel(staff, { id })).toMatchObject({ changed: true, order: { cancelReason: 'OTHER' } });
});

test('allowedTransitions answers for the viewer', async () => {
  const { id, owner, staff } = await orderOfOwner();
  const text = 'query ($id: ID!) { order(id: $id) { allowedTransitions } }';
  const allowedFor = async (client: TestClient) =>
    (await client.get<{ order: { allowedTransitions: string[] } }>(text, { id })).order.allowedTransitions;
  expect(await allowedFor(owner)).toEqual(['CANCELLED']);
  expect(await allowedFor(staff)).toEqual(['CONFIRMED', 'PROCESSING', 'SHIPPED', 'CANCELLED']);
  await transition(staff, { id, status: 'PROCESSING' });
  expect(await allowedFor(owner)).toEqual([]);
  expect(await allowedFor(staff)).toEqual(['SHIPPED', 'COMPLETED', 'CANCELLED']);
});

test('a customer updates its order while it is PENDING', async () => {
  const { id, owner, staff } = await orderOfOwner();
  expect(await update(owner, { id, expectedVersion: 1, notes: 'new' })).toMatchObject({ order: { notes: 'new' } });
  await transition(staff, { id, status: 'CONFIRMED' });
  expect(errorOf(await update(owner, { id, expectedVersion: 3, notes: 'newer' }))).toMatchObject({
    code: 'NOT_EDITABLE',
    message: 'notes can be changed only while the order is PENDING; it is CONFIRMED.',
  });
  expect(await update(staff, { id, expectedVersion: 3, notes: 'newer' })).toMatchObject({ changed: true });
});
