import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { databaseForTest, serverForTest, useDatabase, useProxy, useServer } from '../support/fixture.js';
import { Follower, type FollowedEvent } from '../support/follower.js';
import {
  endOfLog,
  LOG_PAGE,
  readLog,
  readPages,
  sequenced,
  versionsOf,
  writeRandomly,
  type LogPage,
  type LogRow,
} from '../support/event-log.js';
import { createdOrder, updateOrder } from '../support/order-requests.js';
import { createRandom } from '../support/random.js';
import { insertCreated, randomIds } from '../support/rows.js';
import { openWebsocket } from '../support/websocket.js';

/* Subscriptions and pages of the event log under load: nothing is missed or repeated, whatever the interruption. */

const database = useDatabase();
const proxy = useProxy(database);
const OPTIONS = { SUBSCRIBER_MAX_QUEUED: '10000', SUBSCRIBERS_MAX_COST: '1000000' };
const server = useServer(proxy, OPTIONS);

test('followers that are interrupted at random receive every event once, in order for each order, and so do pages', async () => {
  const other = await serverForTest(database, OPTIONS);
  const { id: watched } = await createdOrder(server, { customerId: 'ann' });
  const start = await endOfLog(server, database);
  const before = new Set(versionsOf(await readLog(database)));
  const cases: readonly [string, (row: LogRow) => boolean][] = [
    ['orderChanged', () => true],
    ['orderStatusChanged', ({ to }) => to !== null],
    ['orderStatusChanged(to: [SHIPPED, PENDING])', ({ to }) => to === 'SHIPPED' || to === 'PENDING'],
    ['orderChanged(customerId: "ann")', ({ customerId }) => customerId === 'ann'],
    ['orderChanged(types: [UPDATED, DELETED])', ({ type }) => type === 'UPDATED' || type === 'DELETED'],
    [`orderChanged(orderId: "${watched}")`, ({ orderId }) => orderId === watched],
  ];
  const followers = cases.map(
    ([field], index) => new Follower((index % 2 === 0 ? server : other).url, { field, after: start }),
  );
  const state = { isWriting: true };
  const random = createRandom(20_261_122);
  const written = Promise.all([
    ...[server, other, server].map((client) => writeRandomly(client, 60, random)),
    (async () => {
      for (let version = 1; version < 30; version += 1) {
        await updateOrder(server, { id: watched, expectedVersion: version, notes: `${version}` });
      }
    })(),
  ]).finally(() => (state.isWriting = false));
  const following = followers.map(async (follower) => {
    while (state.isWriting) {
      await follower.connect();
      await sleep(random.whole(150));
      follower.interrupt();
      await sleep(random.whole(50));
    }
    await follower.connect();
  });
  const polled: FollowedEvent[] = [];
  let cursor: string | null = start;
  while (state.isWriting) {
    const page = await readPages(server, { first: 7 }, cursor);
    polled.push(...page.events);
    ({ cursor } = page);
  }
  await written;
  await Promise.all(following);
  const log = (await readLog(database)).filter((row) => !before.has(`${row.orderId} ${row.version}`));
  expect(log.length).toBeGreaterThan(150);
  for (const [index, [field, matches]] of cases.entries()) {
    const expected = versionsOf(log.filter(matches));
    await expect.poll(() => followers[index]?.events.length, { timeout: 20_000, message: field }).toBe(expected.length);
    expect(followers[index]?.versions, `events of ${field}`).toEqual(expected); // the whole order of the log, not only that of each order
    expect(followers[index]?.errors, `events of ${field}`).toEqual([]);
  }
  polled.push(...(await readPages(server, { first: 7 }, cursor)).events);
  expect(polled.map(({ orderId, version }) => `${orderId} ${version}`)).toEqual(versionsOf(log));
}, 90_000);

test('two hundred replays at once receive the whole log', async () => {
  const customerId = randomUUID();
  const after = await endOfLog(server, database);
  for (let index = 0; index < 4; index += 1) {
    const orders = Array.from({ length: 50 }, () => ({ items: [{ name: 'Tea', unitPrice: '1' }], customerId }));
    const create = 'mutation ($input: CreateOrdersInput!) { createOrders(input: $input) { results { index } } }';
    await server.get(create, { input: { orders } });
  }
  const expected = versionsOf(await readLog(database, `customer_id = '${customerId}'`));
  expect(expected).toHaveLength(200);
  const websocket = await openWebsocket(server.url);
  for (let index = 0; index < 200; index += 1) {
    const query = `subscription ($after: String) { orderChanged(customerId: "${customerId}", after: $after) { orderId version } }`;
    websocket.send({ type: 'subscribe', id: `${index}`, payload: { query, variables: { after } } });
  }
  const nexts = () => websocket.messages.filter(({ type }) => type === 'next');
  await expect.poll(() => nexts().length, { timeout: 40_000, interval: 500 }).toBe(200 * 200);
  for (const messages of Map.groupBy(nexts(), ({ id }) => id).values()) {
    const seen = messages.map(({ payload }) => (payload as { data: { orderChanged: LogRow } }).data.orderChanged);
    expect(versionsOf(seen)).toEqual(expected);
  }
}, 60_000);

test('the start of a subscription waits while more events than a bound have no position', async () => {
  const separate = await databaseForTest();
  const slow = await serverForTest(separate, { ...OPTIONS, REQUEST_DEADLINE_MS: '20000' });
  const sequencing = await separate.connect();
  await sequencing.query('BEGIN; SELECT 1 FROM event_sequencer FOR UPDATE');
  const ids = randomIds(1_500);
  await insertCreated(separate, ids);
  const follower = new Follower(slow.url);
  const connected = follower.connect().then(() => 'connected');
  expect(await Promise.race([connected, sleep(500)])).toBeUndefined();
  await sequencing.query('ROLLBACK');
  await connected;
  const { id } = await createdOrder(slow);
  await expect.poll(() => follower.versions, { timeout: 10_000 }).toEqual([`${id} 1`]);
});

test('a thousand subscriptions that start at once share statements', async () => {
  const websocket = await openWebsocket(server.url);
  const count = () => proxy.statements.filter((sql) => sql.includes('e.position IS NULL')).length;
  const before = count();
  for (let index = 0; index < 1_000; index += 1) {
    const query = `subscription { orderChanged(customerId: "customer ${index}") { version } }`;
    websocket.send({ type: 'subscribe', id: `${index}`, payload: { query } });
  }
  websocket.send({ type: 'ping' });
  await websocket.until(({ type }) => type === 'pong');
  expect(count() - before).toBeGreaterThan(0);
  expect(count() - before).toBeLessThan(500); // depends on the speed of the database and of the messages
  await createdOrder(server, { customerId: 'customer 999' });
  await websocket.until(({ type, id }) => type === 'next' && id === '999');
  expect(websocket.messages.filter(({ type }) => type === 'error')).toEqual([]);
});

test('pages of the log scan a bounded part, and return where the scan ended', async () => {
  const separate = await databaseForTest();
  const large = await serverForTest(separate);
  const ids = randomIds(12_000);
  await insertCreated(separate, ids);
  await createdOrder(large);
  await sequenced(separate);
  const page = async (variables: object) => (await large.get<LogPage>(LOG_PAGE, variables)).orderEvents;
  const first = await page({ types: ['DELETED'], first: 5 });
  expect(first).toMatchObject({ edges: [], pageInfo: { hasNextPage: true } });
  const second = await page({ types: ['DELETED'], first: 5, after: first.pageInfo.endCursor });
  expect(second).toMatchObject({ edges: [], pageInfo: { hasNextPage: false } });
  const { endCursor } = second.pageInfo;
  expect(await page({ types: [], first: 5 })).toMatchObject({ edges: [], pageInfo: { hasNextPage: false, endCursor } });
  const { id } = await createdOrder(large);
  await sequenced(separate);
  const third = await page({ first: 5, after: endCursor });
  expect(third.edges.map(({ node }) => node.orderId)).toEqual([id]);
}, 40_000);
