import { getIntrospectionQuery } from 'graphql';
import { expect, test } from 'vitest';
import { serverForTest, useDatabase, useServer } from '../support/fixture.js';

const database = useDatabase();
const PRODUCTION = { NODE_ENV: 'production', AUTH_MODE: 'open' };
const servers = {
  fast: useServer(database, { ...PRODUCTION, GRAPHQL_FAST_LANE: 'on' }),
  apollo: useServer(database, { ...PRODUCTION, GRAPHQL_FAST_LANE: 'off' }),
};
const PATHS = ['fast', 'apollo'] as const;

const INTROSPECTIONS = [
  getIntrospectionQuery(),
  '{ __schema { queryType { name } } }',
  '{ __type(name: "Order") { name } }',
  '{ ...F } fragment F on Query { ... on Query { hidden: __schema { __typename } } }',
  'subscription A { orderStatusChanged { version } } query B { __schema { __typename } }',
];

test.each(PATHS)('in production introspection is rejected with its own code (%s)', async (kind) => {
  const server = servers[kind];
  expect(await server.request('{ __typename }')).toMatchObject({ status: 200, data: { __typename: 'Query' } });
  for (const query of INTROSPECTIONS) {
    const response = await server.request(query);
    expect(response).toMatchObject({ status: 403, errors: [{ extensions: { code: 'INTROSPECTION_DISABLED' } }] });
    const subscription = await server.subscribe(query);
    await subscription.ended;
    expect(subscription.errors).toMatchObject([{ extensions: { code: 'INTROSPECTION_DISABLED' } }]);
  }
});

const CREATE = 'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { replayed } }';
const MISSPELT: readonly [query: string, variables?: object][] = [
  ['{ order(id: "1") { statu } }'],
  ['{ orderz { nodes { id } } }'],
  ['{ order(ids: "1") { id } }'],
  ['{ orders(orderBy: { field: CREATED }) { nodes { id } } }'],
  ['{ node(id: "1") { status } }'],
  ['{ order(id: "1") { total } }'],
  ['query ($a: CreateOrderInpu) { order(id: $a) { id } }'],
  [CREATE, { input: { item: [] } }],
  ['query ($s: [OrderStatus!]) { orders(where: { status: { in: $s } }) { nodes { id } } }', { s: ['PENDIN'] }],
];

test.each(PATHS)('in production messages suggest no names of the schema (%s)', async (kind) => {
  const development = await serverForTest(database);
  for (const [query, variables] of MISSPELT) {
    const messages = async (server: typeof development) =>
      ((await server.request(query, variables)).errors ?? []).map(({ message }) => message).join('\n');
    expect(await messages(development)).toContain('Did you mean');
    const hidden = await messages(servers[kind]);
    expect(hidden).not.toContain('Did you mean');
    expect(hidden).toMatch(/\.$/);
  }
  const websocket = await servers[kind].subscribe('subscription { orderStatusChange { version } }');
  await websocket.ended;
  expect(websocket.errors.map(({ message }) => message)).toEqual([
    'Cannot query field "orderStatusChange" on type "Subscription".',
  ]);
});

test('in production / responds with a short 404, and /graphql does not redirect browsers to it', async () => {
  const { url } = servers.fast;
  const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';
  const page = await fetch(new URL('/', url), { headers: { accept } });
  expect([page.status, await page.json()]).toEqual([
    404,
    { errors: [{ message: expect.any(String) as string, extensions: { code: 'NOT_FOUND' } }] },
  ]);
  expect((await fetch(url, { headers: { accept }, redirect: 'manual' })).status).toBe(400);
});

test('INTROSPECTION=on and off apply in every environment', async () => {
  const on = await serverForTest(database, { ...PRODUCTION, INTROSPECTION: 'on' });
  const off = await serverForTest(database, { INTROSPECTION: 'off' });
  expect(await on.request(getIntrospectionQuery())).toMatchObject({ status: 200, data: { __schema: {} } });
  expect((await on.request('{ orderz { id } }')).errors?.[0]?.message).toContain('Did you mean');
  expect(await off.request(getIntrospectionQuery())).toMatchObject({ status: 403 });
});
