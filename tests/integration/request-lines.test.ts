import { createConnection } from 'node:net';
import { expect, test } from 'vitest';
import { createClient } from '../support/client.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { lockTable } from '../support/locks.js';
import { createdOrder } from '../support/order-requests.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

const SUBJECT = 'philomena.quartermain@example.org';

const database = useDatabase();
const server = useServer(database, { ...AUTH_ENV, LOG_LEVEL: 'info' });
const quiet = useServer(database, { LOG_LEVEL: 'info', LOG_REQUESTS: 'off' });

async function clientOf(sub: string, roles: string[] = ['admin']) {
  return createClient(server.url, await signToken({ sub, roles }));
}

type Line = Readonly<Record<string, unknown>>;

async function lineWith(fields: Line): Promise<Line> {
  const find = () =>
    server.logged.find((line) => Object.entries(fields).every(([name, value]) => line[name] === value));
  await expect.poll(find).toBeDefined();
  return find() ?? {};
}

test('each request has a line with its operation, viewer, cost, duration, status and id', async () => {
  const client = await clientOf(SUBJECT, ['customer']);
  const { headers } = await client.request('query Recent { orders(first: 2) { edges { node { id } } } }');
  const line = await lineWith({ operation: 'Recent' });
  expect(line).toMatchObject({
    level: 30,
    requestId: headers.get('x-request-id'),
    type: 'query',
    role: 'customer',
    viewer: expect.stringMatching(/^[\w-]{10}$/) as string,
    cost: expect.any(Number) as number,
    durationMs: expect.any(Number) as number,
    status: 200,
    msg: 'request ended',
  });
  expect(line).not.toHaveProperty('codes');
});

test('lines of one viewer share a pseudonym, which is not the subject', async () => {
  const [ann, bob] = [await clientOf(SUBJECT), await clientOf('bob')];
  await ann.get('query OfAnn { viewer { roles } }');
  await ann.get('query AgainOfAnn { viewer { roles } }');
  await bob.get('query OfBob { viewer { roles } }');
  const [first, again, other] = await Promise.all(
    ['OfAnn', 'AgainOfAnn', 'OfBob'].map((operation) => lineWith({ operation })),
  );
  expect(first?.['viewer']).toBe(again?.['viewer']);
  expect(first?.['viewer']).not.toBe(other?.['viewer']);
  for (const line of server.logLines) expect(line).not.toContain(SUBJECT);
});

test('the line of a failed request has its codes', async () => {
  const client = await clientOf('ann', ['customer']);
  await client.request('query Wrong { orders { nothing } }');
  const rejected = await lineWith({ status: 400, role: 'customer' });
  expect(rejected).toMatchObject({ codes: ['GRAPHQL_VALIDATION_FAILED'] });
  await fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  expect(await lineWith({ status: 401 })).toMatchObject({ codes: ['UNAUTHENTICATED'] });
  await client.get('query LongName_' + 'x'.repeat(100) + ' { viewer { roles } }');
  const long = server.logged.find(({ operation }) => String(operation).startsWith('LongName_'));
  expect(String(long?.['operation']).length).toBeLessThanOrEqual(60);
});

test('an unexpected failure has a line with the correlation id that the client got', async () => {
  const client = await clientOf('ann');
  await database.sql('ALTER TABLE orders RENAME TO orders_away');
  const { errors } = await client.request('query Broken { orders { totalCount } }');
  await database.sql('ALTER TABLE orders_away RENAME TO orders');
  const correlationId = errors?.[0]?.extensions['correlationId'];
  expect(await lineWith({ operation: 'Broken' })).toMatchObject({
    codes: ['INTERNAL_SERVER_ERROR'],
    correlationIds: [correlationId],
  });
  expect(await lineWith({ correlationId })).toMatchObject({ level: 50 });
});

test('a request whose client disconnects has a line without a status', async () => {
  const token = await signToken({ sub: 'ann', roles: ['admin'] });
  const { hostname, port, host } = new URL(server.url);
  const release = await lockTable(database, 'orders');
  const body = JSON.stringify({ query: 'query Left { orders { totalCount } }' });
  const socket = createConnection({ host: hostname, port: Number(port) });
  const head = `POST /graphql HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.write(head + body);
  setTimeout(() => socket.destroy(), 50);
  const line = await lineWith({ operation: 'Left' });
  await release();
  expect(line).toMatchObject({ codes: ['CANCELLED'] });
  expect(line).not.toHaveProperty('status');
});

test('each subscription has a line when it ends, with its events and the reason', async () => {
  const client = await clientOf('ann');
  const subscription = await client.subscribe('subscription Watched { orderStatusChanged { version } }');
  await createdOrder(client);
  await subscription.until((seen) => seen.length > 0);
  subscription.stop();
  expect(await lineWith({ operation: 'Watched' })).toMatchObject({
    type: 'subscription',
    role: 'admin',
    events: 1,
    reason: 'unsubscribed',
    msg: 'subscription ended',
  });
  const open = await client.subscribe('subscription Open { orderStatusChanged { version } }');
  await client.dispose();
  await open.ended;
  expect(await lineWith({ operation: 'Open' })).toMatchObject({ events: 0, reason: 'disconnected' });
});

test('LOG_REQUESTS=off writes no line for a request', async () => {
  await quiet.get('query Quiet { viewer { roles } }');
  await createdOrder(quiet);
  expect(quiet.logged.filter(({ msg }) => msg === 'request ended')).toEqual([]);
});
