import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { createClient, type TestClient } from '../support/client.js';
import { endOfLog, readPages, sequenced } from '../support/event-log.js';
import { useDatabase, useServer } from '../support/fixture.js';
import { Follower } from '../support/follower.js';
import {
  assignCustomer,
  createdOrder,
  deleteOrder,
  eraseCustomer,
  transitionOrder,
} from '../support/order-requests.js';
import { AUTH_ENV, signToken } from '../support/tokens.js';

/*
 * Which events a viewer receives, live, from the log and in pages: staff all, a customer those that name it. An order that is
 * assigned, erased or deleted has events of both sides.
 */

const database = useDatabase();
const server = useServer(database, { ...AUTH_ENV, RATE_LIMIT: 'off' });

interface Person {
  readonly token: string;
  readonly client: TestClient;
}

async function person(sub: string, role: string): Promise<Person> {
  const token = await signToken({ sub, roles: [role] });
  return { token, client: createClient(server.url, token) };
}

let admin: Person;
let start: string;
beforeAll(async () => {
  admin = await person('root', 'admin');
  await createdOrder(admin.client, { customerId: 'first' });
  start = await endOfLog(admin.client, database);
});

/** The versions of one order that a person receives live, by a replay, and by pages. */
async function receivedBy({ token, client }: Person, orderId: string, live: Follower): Promise<readonly number[][]> {
  await sequenced(database);
  const field = `orderChanged(orderId: "${orderId}")`;
  const replayed = await new Follower(server.url, { field, token, after: start }).connect();
  const all = await new Follower(server.url, { token, after: start }).connect();
  const { events: paged } = await readPages(client, { orderId }, start);
  const { events: pagedAll } = await readPages(client, {}, start);
  const sources = [live.events, replayed.events, all.events, paged, pagedAll];
  const versions = () => sources.map((events) => events.filter((event) => event.orderId === orderId));
  await expect.poll(() => versions().map(({ length }) => length)).toEqual(sources.map(() => versions()[3]?.length));
  return versions().map((events) => events.map(({ version }) => version));
}

const five = (versions: readonly number[]) => Array.from({ length: 5 }, () => versions);

test('a customer receives only its own events, whatever it selects', async () => {
  const [ann, bob] = [await person(randomUUID(), 'customer'), await person(randomUUID(), 'customer')];
  const annId = (await ann.client.get<{ viewer: { subject: string } }>('{ viewer { subject } }')).viewer.subject;
  const liveOfAnn = await new Follower(server.url, { token: ann.token }).connect();
  const liveOfBob = await new Follower(server.url, {
    token: bob.token,
    field: `orderChanged(customerId: "${annId}")`,
  }).connect();
  const { id } = await createdOrder(admin.client, { customerId: annId });
  await transitionOrder(admin.client, { id, status: 'CONFIRMED' });
  expect(await receivedBy(ann, id, liveOfAnn)).toEqual(five([1, 2]));
  expect(await receivedBy(bob, id, liveOfBob)).toEqual(five([]));
  const foreign = await readPages(bob.client, { customerId: annId }, start);
  expect(foreign.events).toEqual([]);
  const snapshot = await new Follower(server.url, { token: ann.token, snapshot: true }).connect();
  await expect.poll(() => snapshot.versions).toEqual([`${id} 2`]);
  const ofOther = { token: bob.token, field: `orderChanged(orderId: "${id}")`, snapshot: true };
  const none = await new Follower(server.url, ofOther).connect();
  expect([none.events, none.errors]).toEqual([[], []]);
});

test('the events of an assigned order are those of the customer from the assignment on', async () => {
  const customerId = randomUUID();
  const customer = await person(customerId, 'customer');
  const lives = await Promise.all([customer, admin].map(({ token }) => new Follower(server.url, { token }).connect()));
  const { id } = await createdOrder(admin.client);
  await transitionOrder(admin.client, { id, status: 'CONFIRMED' });
  await assignCustomer(admin.client, { id, customerId });
  await transitionOrder(admin.client, { id, status: 'PROCESSING' });
  const [ofCustomer, ofAdmin] = lives;
  if (ofCustomer === undefined || ofAdmin === undefined) throw new Error('there are two');
  expect(await receivedBy(customer, id, ofCustomer)).toEqual(five([3, 4]));
  expect(await receivedBy(admin, id, ofAdmin)).toEqual(five([1, 2, 3, 4]));
});

test('a deletion is the last event of the customer and of staff, and a snapshot leaves the order out', async () => {
  const customerId = randomUUID();
  const customer = await person(customerId, 'customer');
  const live = await new Follower(server.url, { token: customer.token }).connect();
  const kept = await createdOrder(admin.client, { customerId });
  const { id } = await createdOrder(admin.client, { customerId });
  await deleteOrder(admin.client, { id });
  expect(await receivedBy(customer, id, live)).toEqual(five([1, 2]));
  expect(live.events.at(-1)).toMatchObject({ orderId: id, type: 'DELETED', from: null, to: null });
  const snapshot = await new Follower(server.url, { token: customer.token, snapshot: true }).connect();
  await expect.poll(() => snapshot.versions).toEqual([`${kept.id} 1`]);
});

test('after an erasure, a former customer receives nothing of its orders, and staff every event', async () => {
  const customerId = randomUUID();
  const customer = await person(customerId, 'customer');
  const live = await new Follower(server.url, { token: customer.token }).connect();
  const liveOfAdmin = await new Follower(server.url, { token: admin.token }).connect();
  const { id } = await createdOrder(admin.client, { customerId });
  await sequenced(database);
  await expect.poll(() => live.versions).toEqual([`${id} 1`]);
  const cursor = live.events[0]?.resumeCursor ?? '';
  await eraseCustomer(admin.client, customerId);
  await transitionOrder(admin.client, { id, status: 'CONFIRMED' });
  expect(await receivedBy(admin, id, liveOfAdmin)).toEqual(five([1, 2, 3]));
  expect(live.versions).toEqual([`${id} 1`]); // what was sent before; neither the erasure nor later changes
  const resumed = await new Follower(server.url, { token: customer.token, after: cursor }).connect();
  expect(resumed.errors).toEqual([]); // the cursor stays valid
  expect((await readPages(customer.client, { orderId: id }, start)).events).toEqual([]);
});
