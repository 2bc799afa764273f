import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { TestClient } from '../support/client.js';
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
import { databaseForTest, serverForTest, useDatabase, useServer } from '../support/fixture.js';
import { Follower } from '../support/follower.js';
import { createdOrder, deleteOrder, transitionOrder, updateOrder } from '../support/order-requests.js';
import { createRandom } from '../support/random.js';
import { insertCreated, randomIds } from '../support/rows.js';

/* Where subscriptions and pages of the event log begin. tests/long/resume.test.ts interrupts them. */

const database = useDatabase();
const server = useServer(database);

describe('the start of a subscription', () => {
  test('is after everything that is committed, whether it has a position or not', async () => {
    const customerId = randomUUID();
    const sequencing = await database.connect();
    await sequencing.query('BEGIN; SELECT 1 FROM event_sequencer FOR UPDATE');
    const earlier = await createdOrder(server, { customerId });
    const other = await createdOrder(server);
    const followers = [
      new Follower(server.url, { field: `orderChanged(customerId: "${customerId}")` }),
      new Follower(server.url, { field: `orderStatusChanged(orderId: "${earlier.id}")` }),
      new Follower(server.url, { field: `orderChanged(types: [CREATED])` }),
    ];
    for (const follower of followers) await follower.connect();
    await transitionOrder(server, { id: earlier.id, status: 'CONFIRMED' });
    const later = await createdOrder(server, { customerId });
    await sequencing.query('ROLLBACK');
    await expect.poll(() => followers[0]?.events.length, { timeout: 10_000 }).toBe(2);
    expect(followers[0]?.versions.toSorted()).toEqual([`${earlier.id} 2`, `${later.id} 1`].toSorted());
    await expect.poll(() => followers[1]?.versions).toEqual([`${earlier.id} 2`]);
    await expect.poll(() => followers[2]?.versions).toContain(`${later.id} 1`);
    expect(followers[2]?.versions).not.toContain(`${other.id} 1`);
  });
});

describe('a snapshot', () => {
  test('has the latest event of each order, and every later one follows while orders change', async () => {
    const customerId = randomUUID();
    const orders = await Promise.all(Array.from({ length: 20 }, () => createdOrder(server, { customerId })));
    const deleted = await createdOrder(server, { customerId });
    await deleteOrder(server, { id: deleted.id });
    await sequenced(database);
    const state = { isWriting: true };
    const written = Promise.all(
      orders.map(async ({ id }) => {
        for (let version = 1; version < 7; version += 1) {
          await updateOrder(server, { id, expectedVersion: version, notes: `${version}` });
        }
      }),
    ).finally(() => (state.isWriting = false));
    const followers: Follower[] = [];
    while (state.isWriting) {
      const field = `orderChanged(customerId: "${customerId}")`;
      followers.push(await new Follower(server.url, { field, snapshot: true }).connect());
      await sleep(30);
    }
    await written;
    await sequenced(database);
    expect(followers.length).toBeGreaterThan(1);
    for (const follower of followers) {
      const lastVersions = () =>
        orders.map(({ id }) => follower.events.findLast(({ orderId }) => orderId === id)?.version);
      await expect.poll(lastVersions, { timeout: 20_000 }).toEqual(orders.map(() => 7));
      const byOrder = Map.groupBy(follower.events, ({ orderId }) => orderId);
      expect([...byOrder.keys()].toSorted()).toEqual(orders.map(({ id }) => id).toSorted());
      for (const events of byOrder.values()) {
        const [{ version: first } = { version: 0 }] = events;
        expect(events.map(({ version }) => version)).toEqual(Array.from(events, (_, index) => first + index));
      }
    }
  });

  test('has the latest event of the selected kind', async () => {
    const { id } = await createdOrder(server);
    await transitionOrder(server, { id, status: 'CONFIRMED' });
    await updateOrder(server, { id, expectedVersion: 2, notes: 'new' });
    await readLog(database);
    const follow = async (field: string) =>
      new Follower(server.url, { field: `${field}(orderId: "${id}")`, snapshot: true }).connect();
    const [changed, status] = [await follow('orderChanged'), await follow('orderStatusChanged')];
    await expect.poll(() => changed.versions).toEqual([`${id} 3`]);
    await expect.poll(() => status.versions).toEqual([`${id} 2`]);
  });

  test('of more than a thousand orders is rejected', async () => {
    const ids = randomIds(1_001);
    await insertCreated(database, ids);
    await database.sql("UPDATE orders SET customer_id = 'large' WHERE id = any($1::uuid[])", [ids]);
    const follower = await new Follower(server.url, {
      field: 'orderChanged(customerId: "large")',
      snapshot: true,
    }).connect();
    expect(follower.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', argument: 'snapshot' } }]);
    await database.sql('UPDATE orders SET customer_id = NULL WHERE id = $1', [ids[0]]);
    const allowed = await new Follower(server.url, {
      field: 'orderChanged(customerId: "large")',
      snapshot: true,
    }).connect();
    expect(allowed.errors).toEqual([]);
  });
});

test.each([
  ['snapshot: true, after: "x"', 'BAD_USER_INPUT', 'snapshot'],
  ['snapshot: true', 'BAD_USER_INPUT', 'snapshot'],
  ['after: "x"', 'INVALID_CURSOR', 'after'],
  ['after: ""', 'INVALID_CURSOR', 'after'],
  ['orderId: "x"', 'BAD_USER_INPUT', 'orderId'],
  ['customerId: null', 'BAD_USER_INPUT', 'customerId'],
  ['types: null', 'BAD_USER_INPUT', 'types'],
])('orderChanged(%s) is rejected as %s of %s', async (args, code, argument) => {
  const rejected = await server.subscribe(`subscription { orderChanged(${args}) { version } }`);
  await rejected.ended;
  expect(rejected.errors).toMatchObject([{ extensions: { code, argument } }]);
});

describe('a cursor', () => {
  const subscribeAfter = async (client: TestClient, after: string) => {
    const subscription = await client.subscribe<{ orderChanged: LogRow }>(
      'subscription ($after: String) { orderChanged(after: $after) { orderId version } }',
      { after },
    );
    return subscription;
  };

  async function expectExpired(client: TestClient, after: string, words: string): Promise<void> {
    const rejected = await subscribeAfter(client, after);
    await rejected.ended;
    expect(rejected.errors).toMatchObject([{ extensions: { code: 'CURSOR_EXPIRED', argument: 'after' } }]);
    expect(rejected.errors[0]?.message).toContain(words);
  }

  test('beyond the end of a restored log, or of an event that another one has replaced, is expired', async () => {
    const separate = await databaseForTest();
    const restored = await serverForTest(separate);
    const create = async () => {
      await createdOrder(restored);
      await sequenced(separate);
    };
    await create();
    const { cursor: kept } = await readPages(restored);
    await create();
    const { cursor: lost } = await readPages(restored);
    if (kept === null || lost === null) throw new Error('the log has two events');
    await separate.sql('DELETE FROM order_events WHERE position = 2');
    await expectExpired(restored, lost, 'restored to an earlier state');
    await create(); // another event at the position of the lost one
    await expectExpired(restored, lost, 'restored to an earlier state');
    expect(await restored.request(LOG_PAGE, { after: lost })).toMatchObject({
      status: 400,
      errors: [{ extensions: { code: 'CURSOR_EXPIRED' } }],
    });
    const follower = await subscribeAfter(restored, kept);
    await follower.until(({ length }) => length === 1);
    follower.stop();
  });

  test('beyond the replay horizon is expired for subscriptions, but not for pages', async () => {
    const separate = await databaseForTest();
    const short = await serverForTest(separate, { EVENTS_REPLAY_MAX: '3' });
    for (let index = 0; index < 6; index += 1) await createdOrder(short);
    await sequenced(separate);
    const { events } = await readPages(short);
    expect(events).toHaveLength(6);
    const cursors = events.map(({ resumeCursor }) => resumeCursor);
    await expectExpired(short, cursors[1] ?? '', 'EVENTS_REPLAY_MAX is 3');
    const allowed = await subscribeAfter(short, cursors[2] ?? '');
    await allowed.until(({ length }) => length === 3);
    allowed.stop();
    expect((await readPages(short, { first: 2 }, cursors[0])).events).toHaveLength(5);
  });
});

describe('pages of the log', () => {
  test('of an empty log have no end, and first: 0 reads no event', async () => {
    const empty = await serverForTest(await databaseForTest());
    const none = { edges: [], pageInfo: { hasNextPage: false, endCursor: null } };
    expect(await empty.get(LOG_PAGE)).toEqual({ orderEvents: none });
    const { orderEvents } = await server.get<LogPage>(LOG_PAGE, { first: 0 });
    expect(orderEvents).toMatchObject({ edges: [], pageInfo: { hasNextPage: true, endCursor: null } });
    expect(await server.request(LOG_PAGE, { first: 101 })).toMatchObject({ status: 400 });
  });

  test('of an order, a customer and kinds have their events, in order', async () => {
    const before = (await readLog(database)).length;
    await createdOrder(server);
    const start = await endOfLog(server, database);
    await writeRandomly(server, 40, createRandom(7));
    const log = (await readLog(database)).slice(before + 1);
    const ofAnn = log.filter(({ customerId }) => customerId === 'ann');
    const { orderId = '' } = ofAnn.at(-1) ?? {};
    const cases: readonly [object, (row: LogRow) => boolean][] = [
      [{}, () => true],
      [{ orderId }, (row) => row.orderId === orderId],
      [{ orderId, customerId: 'ann' }, (row) => row.orderId === orderId && row.customerId === 'ann'],
      [{ customerId: 'ann' }, (row) => row.customerId === 'ann'],
      [{ customerId: 'ann', types: ['UPDATED'] }, (row) => row.customerId === 'ann' && row.type === 'UPDATED'],
      [{ to: ['CONFIRMED', 'PENDING'] }, ({ to }) => to === 'CONFIRMED' || to === 'PENDING'],
      [{ types: ['CREATED', 'UPDATED'], to: ['CONFIRMED'] }, () => false],
      [{ types: ['STATUS_CHANGED'] }, ({ type }) => type === 'STATUS_CHANGED'],
      [{ types: [] }, () => false],
    ];
    for (const [variables, matches] of cases) {
      for (const first of [3, 100]) {
        const { events } = await readPages(server, { ...variables, first }, start);
        const seen = events.map((event) => `${event.orderId} ${event.version}`);
        expect(seen, `events of ${JSON.stringify(variables)}`).toEqual(versionsOf(log.filter(matches)));
      }
    }
  });
});

test('an empty page reports whether events follow, and ends where it begins', async () => {
  await createdOrder(server);
  await sequenced(database);
  const page = async (after: string | null) => {
    const query = `query ($after: String) { eventLogEnd orderEvents(first: 0, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }`;
    return server.get<{ eventLogEnd: string; orderEvents: LogPage['orderEvents'] }>(query, { after });
  };
  const { eventLogEnd, orderEvents } = await page(null);
  expect(orderEvents).toEqual({ nodes: [], pageInfo: { hasNextPage: true, endCursor: null } });
  expect((await page(eventLogEnd)).orderEvents).toEqual({
    nodes: [],
    pageInfo: { hasNextPage: false, endCursor: eventLogEnd },
  });
});
