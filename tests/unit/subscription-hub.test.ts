import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createSubscriptionHub } from '../../src/events/subscription-hub.js';
import type { EventFilter } from '../../src/orders/interfaces/event-log.js';
import type { LiveEvents } from '../../src/orders/interfaces/subscription-hub.js';
import { loggedEvent } from '../support/events.js';

const ANY: EventFilter = { orderId: null, customerId: null, kinds: null };

const createHub = (options: Partial<Parameters<typeof createSubscriptionHub>[0]> = {}) =>
  createSubscriptionHub({ maxQueued: 1_000, maxCost: 10_000, ...options });

type Hub = ReturnType<typeof createHub>;

/** Joins and goes live. */
function follow(hub: Hub, filter: Partial<EventFilter> = {}, after = 0n): LiveEvents {
  const live = hub.join({ ...ANY, ...filter }, 1);
  expect(live.goLive(after, [])).toBe(true);
  return live;
}

async function take(live: LiveEvents): Promise<number | string> {
  const next = await live.next();
  return typeof next === 'string' ? next : next.version;
}

/** The versions in the queue, then why there are no more after `close`. */
async function drain(live: LiveEvents): Promise<(number | string)[]> {
  const taken: (number | string)[] = [];
  for (;;) {
    const next = await Promise.race([take(live), setImmediate('nothing')]);
    taken.push(next);
    if (typeof next === 'string') return taken;
  }
}

test('a slow subscriber ends after its queued events and does not delay the others', async () => {
  const hub = createHub({ maxQueued: 3 });
  const [slow, quick] = [follow(hub), follow(hub)];
  await hub.publish([loggedEvent(1)]);
  expect(await take(slow)).toBe(1);
  const read = [await take(quick)];
  for (let version = 2; version <= 10; version += 1) {
    await hub.publish([loggedEvent(version)]);
    read.push(await take(quick));
  }
  expect(read).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(slow.end).toBe('overflowed');
  expect(await drain(slow)).toEqual([2, 3, 4, 'overflowed']);
});

test('a waiting subscriber receives matching events and ends when it leaves and when the hub closes', async () => {
  const hub = createHub();
  const [one, two, three] = [follow(hub, { orderId: 'x' }), follow(hub), follow(hub)];
  const waiting = [take(one), take(two), take(three)];
  await hub.publish([loggedEvent(1, { orderId: 'y' }), loggedEvent(2)]);
  expect(await Promise.all(waiting)).toEqual([2, 1, 1]);
  const ends = [take(one), take(three)];
  one.leave();
  two.leave();
  hub.close();
  expect(await Promise.all(ends)).toEqual(['closed', 2]);
  expect(await Promise.all([take(two), take(three), take(hub.join(ANY, 1))])).toEqual(['closed', 'stopped', 'stopped']);
  expect(hub.isWatched()).toBe(false);
});

test('publishing many events to many subscribers yields to other work and keeps the order', async () => {
  const hub = createHub();
  const subscribers = Array.from({ length: 2_000 }, () => follow(hub));
  const events = Array.from({ length: 500 }, (_, index) => loggedEvent(index + 1));
  let turns = 0;
  const published = hub.publish(events).then(() => 'published');
  while ((await Promise.race([published, setImmediate('turn')])) === 'turn') turns += 1;
  expect(turns).toBeGreaterThan(2);
  for (const subscriber of [subscribers[0], subscribers[1_999]]) {
    if (subscriber === undefined) throw new Error('there are 2,000');
    for (const { version } of events) expect(await take(subscriber)).toBe(version);
  }
});

test('subscribers that join in the middle of a batch miss no event and repeat none', async () => {
  const hub = createHub({ maxQueued: 5_000 });
  for (let index = 0; index < 2_000; index += 1) follow(hub);
  const events = Array.from({ length: 500 }, (_, index) => loggedEvent(index + 1));
  const joined: { readonly live: LiveEvents; readonly after: number }[] = [];
  const published = hub.publish(events).then(() => 'published');
  while ((await Promise.race([published, setImmediate('turn')])) === 'turn') {
    const seen = follow(hub);
    const first = await take(seen);
    joined.push({ live: seen, after: Number(first) });
    joined.push({ live: follow(hub, { customerId: 'c' }, BigInt(first)), after: Number.NaN });
    joined.push({ live: follow(hub, { orderId: 'x' }, 100n), after: 100 });
  }
  expect(joined.length).toBeGreaterThan(5);
  for (const { live, after } of joined) {
    const expected = events.map(({ version }) => version).filter((version) => version > after);
    expect(await drain(live)).toEqual([...expected, 'nothing']);
  }
});

test('a subscriber waits until the hub has all events after its position', async () => {
  const hub = createHub();
  hub.skipTo(10n);
  const [early, late] = [hub.join(ANY, 1), hub.join(ANY, 1)];
  expect(early.goLive(9n, [])).toBe(false);
  await hub.publish([loggedEvent(11), loggedEvent(12)]);
  expect(early.goLive(10n, [])).toBe(true);
  expect(late.goLive(15n, [])).toBe(true); // it has read the log further than the hub has published
  await hub.publish([loggedEvent(13), loggedEvent(14), loggedEvent(15), loggedEvent(16)]);
  expect(await drain(early)).toEqual([11, 12, 13, 14, 15, 16, 'nothing']);
  expect(await drain(late)).toEqual([16, 'nothing']);
});

test('only the last events are kept, and a subscriber that would overflow at once does not go live', async () => {
  const hub = createHub({ maxQueued: 1_500 });
  const live = hub.join(ANY, 1);
  await hub.publish(Array.from({ length: 5_000 }, (_, index) => loggedEvent(index + 1)));
  expect(live.goLive(2_000n, [])).toBe(false); // no longer kept
  expect(live.goLive(5_000n - 1_000n, [])).toBe(true);
  const small = createHub({ maxQueued: 10 });
  const queued = small.join(ANY, 1);
  await small.publish(Array.from({ length: 20 }, (_, index) => loggedEvent(index + 1)));
  expect(queued.goLive(5n, [])).toBe(false);
  expect(queued.goLive(10n, [])).toBe(true);
});

test('events that had no position when a subscription began are left out, once each', async () => {
  const hub = createHub();
  const live = hub.join({ ...ANY, orderId: 'x' }, 1);
  const pending = [loggedEvent(1), loggedEvent(3), loggedEvent(2, { orderId: 'y' })];
  await hub.publish([loggedEvent(1)]);
  expect(live.goLive(0n, pending)).toBe(true);
  await hub.publish([loggedEvent(2), loggedEvent(3), loggedEvent(4)]);
  expect(await drain(live)).toEqual([2, 4, 'nothing']);
});

test('an event is delivered only to subscribers of its order, customer and kind', async () => {
  const hub = createHub();
  const filters: readonly [Partial<EventFilter>, readonly number[]][] = [
    [{ orderId: 'x' }, [1, 2, 3]],
    [{ orderId: 'y' }, []],
    [{ customerId: 'ann' }, [1, 2, 3]],
    [{ customerId: 'bob' }, []],
    [{ orderId: 'x', customerId: 'bob' }, []],
    [{ orderId: 'x', customerId: 'ann', kinds: ['UPDATED'] }, [2]],
    [{ kinds: ['CONFIRMED', 'DELETED'] }, [1, 3]],
    [{ kinds: ['PENDING'] }, []],
    [{ kinds: [] }, []],
    [{}, [1, 2, 3]],
  ];
  const subscribers = filters.map(([filter]) => follow(hub, filter));
  const of = { customerId: 'ann' };
  await hub.publish([
    loggedEvent(1, of),
    loggedEvent(2, { ...of, type: 'UPDATED', from: null, to: null }),
    loggedEvent(3, { ...of, type: 'DELETED', from: null, to: null }),
  ]);
  for (const [index, [, expected]] of filters.entries()) {
    const live = subscribers[index];
    expect(live === undefined ? null : await drain(live), `events of ${JSON.stringify(filters[index])}`).toEqual([
      ...expected,
      'nothing',
    ]);
  }
});

test('publishing costs what matches: 20,000 subscriptions to other orders, customers and kinds cost nothing', async () => {
  const hub = createHub({ maxCost: 1_000_000 });
  let asked = 0;
  const counted = (filter: EventFilter): EventFilter => ({
    ...filter,
    get customerId() {
      asked += 1;
      return filter.customerId;
    },
  });
  for (let index = 0; index < 5_000; index += 1) {
    follow(hub, counted({ ...ANY, orderId: `order ${index}` }));
    follow(hub, counted({ ...ANY, customerId: `customer ${index}` }));
    follow(hub, counted({ ...ANY, kinds: ['SHIPPED'] }));
    follow(hub, counted({ ...ANY, orderId: 'x', kinds: ['CANCELLED', 'DELETED'] }));
  }
  const live = follow(hub, { orderId: 'x' });
  asked = 0;
  await hub.publish(Array.from({ length: 10 }, (_, index) => loggedEvent(index + 1)));
  expect(asked).toBe(0);
  expect((await drain(live)).length).toBe(11);
});

test('a log that was restored to an earlier state ends every subscription at once, also those that are not live', async () => {
  const hub = createHub();
  const [live, waiting, replaying] = [follow(hub), follow(hub, { orderId: 'x' }), hub.join(ANY, 1)];
  await hub.publish([loggedEvent(5), loggedEvent(6)]);
  await take(waiting);
  await take(waiting);
  const next = take(waiting);
  hub.rewindTo(3n);
  expect([live.end, waiting.end, replaying.end]).toEqual(['rewound', 'rewound', 'rewound']);
  expect(await next).toBe('rewound');
  expect(await take(live)).toBe('rewound'); // what was queued belongs to the lost part of the log
  const later = follow(hub, {}, 3n);
  await hub.publish([loggedEvent(4), loggedEvent(5)]);
  expect(await drain(later)).toEqual([4, 5, 'nothing']);
});

test('a customer that subscribes to the order of another one does not use the cost limit of its subscribers', async () => {
  const hub = createHub({ maxCost: 10 });
  const ofBob = { ...ANY, orderId: 'x', customerId: 'bob' };
  const first = hub.join(ofBob, 10);
  expect(() => hub.join(ofBob, 1)).toThrow('would cost 11');
  const others = [
    { ...ofBob, customerId: 'ann' },
    { ...ANY, orderId: 'x' },
  ].map((filter) => hub.join(filter, 10));
  for (const live of others) live.goLive(0n, []);
  await hub.publish([loggedEvent(1, { customerId: 'ann' })]);
  expect(await Promise.all(others.map((live: LiveEvents) => take(live)))).toEqual([1, 1]);
  first.leave();
  expect(hub.join(ofBob, 10).end).toBeNull();
});

const burst = (from: number, count: number) => Array.from({ length: count }, (_, index) => loggedEvent(from + index));

/** Reads ten events in a millisecond at most, until the end. @returns their number */
async function readSlowly(live: LiveEvents): Promise<number> {
  for (let count = 0; ; count += 1) {
    if (typeof (await take(live)) === 'string') return count;
    if (count % 10 === 0) await sleep(1);
  }
}

test('a burst of 5,000 events does not end subscribers that read', async () => {
  const hub = createHub({ maxQueued: 1_000 });
  const reading = Array.from({ length: 5 }, () => readSlowly(follow(hub)));
  await hub.publish(burst(1, 5_000));
  await sleep(500); // for the rest of the queues, of which 500 events are at most
  hub.close();
  expect(await Promise.all(reading)).toEqual([5_000, 5_000, 5_000, 5_000, 5_000]);
});

test('a burst does not end a subscriber that has waited for its first event', async () => {
  const hub = createHub({ maxQueued: 20 });
  const waiting = readSlowly(follow(hub));
  await sleep(100); // it counts as reading nevertheless
  await hub.publish(burst(1, 500));
  await sleep(100);
  hub.close();
  expect(await waiting).toBe(500);
});

test('subscribers that stop reading at different times delay no other one', async () => {
  const hub = createHub({ maxQueued: 200 });
  const quick = readSlowly(follow(hub));
  const stalled: LiveEvents[] = [];
  const begin = performance.now();
  for (let version = 1; version <= 600; version += 2) {
    const live = follow(hub, {}, BigInt(version - 1));
    stalled.push(live);
    await hub.publish(burst(version, 2));
    await take(live);
  }
  expect(performance.now() - begin).toBeLessThan(1_000);
  expect(stalled.filter(({ end }) => end === 'overflowed').length).toBeGreaterThan(150);
  await sleep(100);
  hub.close();
  expect(await quick).toBe(600);
});

test('a subscriber that reads too slowly delays the others for a bounded time', async () => {
  const hub = createHub({ maxQueued: 200 });
  const slow = follow(hub);
  const reading = (async () => {
    while (typeof (await take(slow)) === 'number') await sleep(20);
  })();
  const quick = readSlowly(follow(hub));
  const begin = performance.now();
  for (let version = 1; version <= 1_000; version += 100) {
    await hub.publish(burst(version, 100));
    await sleep(50);
  }
  expect(performance.now() - begin).toBeLessThan(10_000); // 20 s if it waited for each event
  expect(slow.end).toBe('overflowed');
  slow.leave();
  hub.close();
  await reading;
  expect(await quick).toBeGreaterThan(900);
});
