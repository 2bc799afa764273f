import { expect, test } from 'vitest';
import type { LoggedEvent } from '../../src/domain/order-event.js';
import { RequestError } from '../../src/domain/errors.js';
import { encodeLogCursor } from '../../src/domain/log-cursor.js';
import { createSubscriptionHub } from '../../src/events/subscription-hub.js';
import { loggedEvent } from '../support/events.js';

const ANY = { orderId: null, customerId: null, to: null };

test('a slow subscriber is closed with the cursor of its last event and does not delay the others', async () => {
  const hub = createSubscriptionHub({ maxQueued: 3, maxCost: 10 });
  const slow = hub.subscribe(ANY, 1);
  const quick = hub.subscribe(ANY, 1);
  const read: number[] = [];
  await hub.publish([loggedEvent(1)]);
  expect((await slow.next()).value).toMatchObject({ version: 1 });
  for (let version = 2; version <= 10; version += 1) {
    await hub.publish([loggedEvent(version)]);
    read.push(((await quick.next()).value as LoggedEvent).version);
  }
  expect(read).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const received = [await slow.next(), await slow.next(), await slow.next()].map(
    (step) => (step.value as LoggedEvent).version,
  );
  expect(received).toEqual([2, 3, 4]);
  const failure: unknown = await slow.next().catch((cause: unknown) => cause);
  if (!(failure instanceof RequestError)) throw new Error('the slow subscriber was not closed', { cause: failure });
  expect(failure.code).toBe('SLOW_CONSUMER');
  expect(failure.details['lastCursor']).toBe(encodeLogCursor(loggedEvent(4)));
  expect(await slow.next()).toEqual({ done: true, value: undefined });
});

test('a waiting subscriber receives matching events and ends on return and on close of the hub', async () => {
  const hub = createSubscriptionHub({ maxQueued: 10, maxCost: 10 });
  const [one, two, three] = [hub.subscribe({ ...ANY, orderId: 'x' }, 1), hub.subscribe(ANY, 1), hub.subscribe(ANY, 1)];
  const waiting = [one.next(), two.next(), three.next()];
  await hub.publish([loggedEvent(1, { orderId: 'y' }), loggedEvent(2)]);
  const versions = (await Promise.all(waiting)).map((step) => (step.value as LoggedEvent).version);
  expect(versions).toEqual([2, 1, 1]);
  const ends = [one.next(), two.next(), two.next(), three.next(), three.next()];
  await one.return?.();
  await two.return?.();
  hub.close();
  const done = { done: true, value: undefined };
  expect((await Promise.all(ends)).map((step) => step.done)).toEqual([true, false, true, false, true]);
  expect(await hub.subscribe(ANY, 1).next()).toEqual(done);
});

test('publishing many events to many subscribers yields to other work and keeps the order', async () => {
  const hub = createSubscriptionHub({ maxQueued: 1_000, maxCost: 10_000 });
  const subscribers = Array.from({ length: 2_000 }, () => hub.subscribe(ANY, 1));
  const events = Array.from({ length: 500 }, (_, index) => loggedEvent(index + 1));
  let turns = 0;
  const published = hub.publish(events).then(() => 'published');
  const turn = () => new Promise((resolve) => setImmediate(resolve, 'turn'));
  while ((await Promise.race([published, turn()])) === 'turn') turns += 1;
  expect(turns).toBeGreaterThan(2);
  for (const subscriber of [subscribers[0], subscribers[1_999]]) {
    for (const { version } of events) expect((await subscriber?.next())?.value).toMatchObject({ version });
  }
});

test('an event is delivered only to subscribers of its order, of its customer and of all events', async () => {
  const hub = createSubscriptionHub({ maxQueued: 10, maxCost: 10 });
  const filters = [
    { ...ANY, orderId: 'x' },
    { ...ANY, orderId: 'y' },
    { ...ANY, customerId: 'ann' },
    { ...ANY, customerId: 'bob' },
    { ...ANY, orderId: 'x', customerId: 'bob' },
    ANY,
  ];
  const subscribers = filters.map((filter) => hub.subscribe(filter, 1));
  const received = filters.map(() => 0);
  const reading = subscribers.map(async (subscriber, index) => {
    for await (const _ of subscriber) received[index] = (received[index] ?? 0) + 1;
  });
  await hub.publish([loggedEvent(1, { customerId: 'ann' })]);
  await new Promise((resolve) => setImmediate(resolve));
  hub.close();
  await Promise.all(reading);
  expect(received).toEqual([1, 0, 1, 0, 0, 1]);
});

test('a customer that subscribes to the order of another one does not use the cost limit of its subscribers', async () => {
  const hub = createSubscriptionHub({ maxQueued: 10, maxCost: 10 });
  const ofBob = { ...ANY, orderId: 'x', customerId: 'bob' };
  hub.subscribe(ofBob, 10);
  expect(() => hub.subscribe(ofBob, 1)).toThrow('would cost 11');
  const received = [
    { ...ANY, orderId: 'x', customerId: 'ann' },
    { ...ANY, orderId: 'x' },
  ].map((filter) => hub.subscribe(filter, 10).next());
  await hub.publish([loggedEvent(1, { customerId: 'ann' })]);
  expect(await Promise.all(received)).toMatchObject([{ value: { version: 1 } }, { value: { version: 1 } }]);
});
