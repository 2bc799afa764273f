import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { buildSchema, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import { beforeAll, expect, test } from 'vitest';
import { createClient, type TestClient } from '../support/client.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { inputProbes, outputProbes, type Probe } from '../support/permission-probes.js';
import { firstForbidden, LEAST_ROLES, type LeastRole } from '../support/permission-table.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';
import { openWebsocket } from '../support/websocket.js';

/* Every operation, output field and input field of schema.graphql, for every kind of viewer, on every path. */

const LIMITS = { RATE_LIMIT: 'off', WEBSOCKET_MAX_SUBSCRIPTIONS: '1000' };
const database = useDatabase();
const server = useServer(database, { ...AUTH_ENV, ...LIMITS });
const withPrices = useServer(database, { ...AUTH_ENV, ...LIMITS, ALLOW_CUSTOMER_PRICES: 'true' });

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const [query, mutation, subscription] = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];

const OWNER = randomUUID();
const ORDER = randomUUID();
const MISSING = randomUUID();

const ARGUMENTS = {
  'Query.order': `id: "${ORDER}"`,
  'Query.orderByNumber': 'number: "1"',
  'Query.orderByExternalReference': `customerId: "${OWNER}", externalReference: "r"`,
  'Query.customer': `customerId: "${OWNER}"`,
  'Query.node': `id: "${ORDER}"`,
  'Query.nodes': `ids: ["${ORDER}"]`,
  'OrderConnection.count': 'limit: 10',
  'Mutation.createOrder': 'input: {items: []}',
  'Mutation.createOrders': 'input: {orders: []}',
  'Mutation.updateOrder': `input: {id: "${MISSING}", expectedVersion: 1}`,
  'Mutation.updateOrderStatus': `input: {id: "${MISSING}", status: CONFIRMED}`,
  'Mutation.updateOrderStatuses': 'input: {changes: []}',
  'Mutation.cancelOrder': `input: {id: "${MISSING}"}`,
  'Mutation.assignCustomer': `input: {id: "${MISSING}", customerId: "c"}`,
  'Mutation.deleteOrder': `input: {id: "${MISSING}"}`,
  'Mutation.eraseCustomer': 'input: {customerId: "c"}',
};

interface Kind {
  readonly role: LeastRole | null;
  readonly subject: string;
  readonly sees: boolean;
}

/** The kinds of viewers with a token. */
const KINDS: Readonly<Record<string, Kind>> = {
  'a token without a known role': { role: null, subject: OWNER, sees: false },
  'the owner': { role: 'customer', subject: OWNER, sees: true },
  'a stranger': { role: 'customer', subject: 'stranger', sees: false },
  staff: { role: 'staff', subject: 'sam', sees: true },
  admin: { role: 'admin', subject: 'ada', sees: true },
};

const clients = new Map<string, TestClient>();
beforeAll(async () => {
  for (const [name, { role, subject }] of Object.entries(KINDS)) {
    clients.set(
      name,
      createClient(server.url, await signToken({ sub: subject, roles: role === null ? ['guest'] : [role] })),
    );
  }
  const address = { line1: 'Street 1', country: 'DE' };
  const input = {
    id: ORDER,
    customerId: OWNER,
    externalReference: 'r',
    items: [{ name: 'Tea', unitPrice: '1' }],
    shippingAddress: address,
    billingAddress: address,
  };
  const created = 'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id } } }';
  expect(await clientOf('admin').get(created, { input })).toEqual({ createOrder: { order: { id: ORDER } } });
});

function clientOf(kind: string): TestClient {
  const client = clients.get(kind);
  if (client === undefined) throw new Error(`there is no client of ${kind}`);
  return client;
}

const ofKinds = Object.entries(KINDS).map(([name, kind]) => ({ name, ...kind }));
const outputs = outputProbes(schema, [query, mutation], ARGUMENTS);
/** A customer may send its own id only. */
const inputsOf = (subject: string) =>
  inputProbes([query, mutation], ARGUMENTS, { 'CreateOrderInput.customerId': subject });

/** Runs the work for each entry, some at a time, and collects the results. */
async function collect<T, R>(
  entries: readonly T[],
  work: (entry: T, index: number) => Promise<readonly R[]>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = entries.entries();
  const worker = async () => {
    for (const [index, entry] of queue) results.push(...(await work(entry, index)));
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return results;
}

/** Sends the probe and describes how the response differs from the expectation. */
async function differences(
  client: TestClient,
  { name, query: text, variables, uses }: Probe,
  role: LeastRole | null,
  operation: string,
): Promise<readonly string[]> {
  const field = firstForbidden(role, uses);
  const {
    status,
    errors = [],
    data,
  } = await client.request<Record<string, unknown> | undefined>(text.replace('NAME', operation), variables);
  const seen = JSON.stringify({ status, errors });
  if (field === null) {
    const codes = errors.map(({ extensions }) => extensions.code);
    const isAnswered = codes.every((code) => code === 'BAD_USER_INPUT'); // some values of input fields are not valid
    return isAnswered && (status === 200 || status === 400) ? [] : [`${name}: must be allowed, but ${seen}`];
  }
  const [error] = errors;
  const isForbidden =
    status === 403 &&
    data === undefined &&
    errors.length === 1 &&
    error?.extensions.code === 'FORBIDDEN' &&
    error.extensions['field'] === field &&
    error.message.startsWith(`${field} requires at least the role ${LEAST_ROLES.get(field)}; `);
  return isForbidden ? [] : [`${name}: must be forbidden because of ${field}, but ${seen}`];
}

test('the table of the test has every field of the schema, and no other', () => {
  const fields = Object.values(schema.getTypeMap()).flatMap((type) => {
    const hasFields = isObjectType(type) || isInterfaceType(type) || isInputObjectType(type);
    if (!hasFields || type.name.startsWith('__')) return [];
    return Object.keys(type.getFields()).map((field) => `${type.name}.${field}`);
  });
  expect([...LEAST_ROLES.keys()].sort()).toEqual(fields.sort());
});

test('the probes use every field of the schema', () => {
  const watched = outputProbes(schema, [null, null, subscription], {});
  const used = new Set([...outputs, ...inputsOf(OWNER), ...watched].flatMap(({ uses }) => uses));
  expect([...LEAST_ROLES.keys()].filter((field) => !used.has(field))).toEqual([]);
});

test.each(ofKinds)(
  '$name may use exactly its fields over HTTP, in new and in known documents',
  async ({ name, role, subject }) => {
    const client = clientOf(name);
    const wrong = await collect([...outputs, ...inputsOf(subject)], async (probe, index) => {
      const operation = `P${index}_${name.replaceAll(' ', '_')}`;
      return [
        ...(await differences(client, probe, role, operation)), // Apollo's path
        ...(await differences(client, probe, role, operation)), // the fast lane
      ];
    });
    expect(wrong).toEqual([]);
  },
  180_000,
);

test('a document that is known from an admin is checked again for every other viewer', async () => {
  const wrong = await collect(outputs, async (probe, index) => {
    const operation = `Shared${index}`;
    await clientOf('admin').request(probe.query.replace('NAME', operation), probe.variables);
    const found = await Promise.all(
      ofKinds.map(({ name, role }) => differences(clientOf(name), probe, role, operation)),
    );
    return found.flat();
  });
  expect(wrong).toEqual([]);
}, 180_000);

test('without a token, nothing is answered, not even __typename', async () => {
  const anonymous = createClient(server.url);
  const probes = [
    { name: 'typename', query: 'query NAME { __typename }', variables: {} },
    ...outputs,
    ...inputsOf(OWNER),
  ];
  const wrong = await collect(probes, async ({ name, query: text, variables }, index) => {
    const { status, errors = [] } = await anonymous.request(text.replace('NAME', `A${index}`), variables);
    return status === 401 && errors[0]?.extensions.code === 'UNAUTHENTICATED' ? [] : [name];
  });
  expect(wrong).toEqual([]);
}, 180_000);

test.each(ofKinds)('$name gets the order only if it may see it', async ({ name, role, sees }) => {
  const probes = outputs.filter(({ uses }) => uses[0] === 'Query.order' && firstForbidden(role, uses) === null);
  expect(probes.length > 0).toBe(role !== null);
  for (const [index, probe] of probes.entries()) {
    const { data } = await clientOf(name).request<{ order: unknown }>(probe.query.replace('NAME', `O${index}`));
    expect({ probe: probe.name, isNull: data.order === null }).toEqual({ probe: probe.name, isNull: !sees });
  }
});

test('introspection needs a role', async () => {
  const fields = ['__typename', '__schema { queryType { name } }', '__type(name: "Order") { name }'];
  for (const { name, role } of ofKinds) {
    for (const field of fields) {
      const { status, errors } = await clientOf(name).request(`{ ${field} }`);
      const codes = errors?.map(({ extensions }) => [extensions.code, extensions['field']]);
      const meta = `Query.${/\w+/.exec(field)?.[0]}`;
      expect([status, codes]).toEqual(role === null ? [403, [['FORBIDDEN', meta]]] : [200, undefined]);
    }
  }
});

test('every field of an event is delivered over a websocket exactly to those who may use it', async () => {
  const probes = outputProbes(schema, [null, null, subscription], {});
  const sockets = await Promise.all(
    ofKinds.map(async (kind) => {
      const { role, subject } = kind;
      const websocket = await openWebsocket(server.url, { init: false });
      const token = await signToken({ sub: subject, roles: role === null ? ['guest'] : [role] });
      websocket.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
      await websocket.until(({ type }) => type === 'connection_ack');
      for (const [index, probe] of probes.entries()) {
        const payload = { query: probe.query.replace('NAME', `S${index}`) };
        websocket.send({ type: 'subscribe', id: String(index), payload });
      }
      websocket.send({ type: 'subscribe', id: 'last', payload: { query: '{ __typename }' } });
      await websocket.until(({ id, type }) => id === 'last' && type === 'error'); // the messages before it are processed
      return { kind, websocket };
    }),
  );
  const update = 'mutation ($id: ID!) { updateOrderStatus(input: {id: $id, status: CONFIRMED}) { changed } }';
  expect(await clientOf('staff').get(update, { id: ORDER })).toEqual({ updateOrderStatus: { changed: true } });

  for (const { kind, websocket } of sockets.toSorted((one, other) => Number(other.kind.sees) - Number(one.kind.sees))) {
    const fields = probes.map(({ uses }) => firstForbidden(kind.role, uses));
    const errors = websocket.messages.filter(({ id, type }) => type === 'error' && id !== 'last');
    const forbidden = fields.flatMap((field, index) => (field === null ? [] : [[String(index), 'FORBIDDEN', field]]));
    const rejected = errors.map(({ id, payload }) => {
      const [error] = payload as { readonly extensions: Readonly<Record<string, unknown>> }[];
      return [id, error?.extensions['code'], error?.extensions['field']];
    });
    expect(rejected).toEqual(forbidden);
    const due = kind.sees ? fields.flatMap((field, index) => (field === null ? [String(index)] : [])) : [];
    await Promise.all(due.map(async (due) => websocket.until(({ id, type }) => type === 'next' && id === due)));
    const delivered = websocket.messages.filter(({ type }) => type === 'next');
    expect(delivered.length).toBe(due.length);
    expect(new Set(delivered.map(({ id }) => id))).toEqual(new Set(due));
    for (const { payload } of delivered) expect(payload).not.toHaveProperty('errors');
  }
});

test('customers may send the prices of items only under ALLOW_CUSTOMER_PRICES', async () => {
  const text =
    'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { userErrors { code } order { customerId } } }';
  const input = { items: [{ name: 'Tea', unitPrice: '1' }] };
  const token = await signToken({ sub: OWNER });
  const allowed = await createClient(withPrices.url, token).request(text, { input });
  expect(allowed).toMatchObject({
    status: 200,
    data: { createOrder: { userErrors: [], order: { customerId: OWNER } } },
  });
  const rejected = await createClient(server.url, token).request(text, { input });
  expect(rejected).toMatchObject({ status: 403, errors: [{ extensions: { field: 'OrderItemInput.unitPrice' } }] });
});
