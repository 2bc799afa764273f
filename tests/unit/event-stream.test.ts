import { expect, test } from 'vitest';
import { OPEN_ADMIN } from '../../src/auth/open-viewer.js';
import { coalesceReads } from '../../src/coalesce/reader.js';
import { RequestError } from '../../src/domain/errors.js';
import { encodeLogCursor } from '../../src/domain/log-cursor.js';
import { createSubscriptionHub } from '../../src/events/subscription-hub.js';
import { createEventSubscriptions } from '../../src/orders/event-subscriptions.js';
import type { Caller } from '../../src/orders/interfaces/caller.js';
import type { EventPage, EventPageKey } from '../../src/orders/interfaces/event-log.js';
import type { EventPrice } from '../../src/orders/interfaces/event-price.js';
import type { BatchOrderReader, OrderReader } from '../../src/orders/interfaces/order-reader.js';
import { FREE, loggedEvent } from '../support/events.js';

const FILTER = { orderId: null, customerId: null, kinds: [] };
const ORDER = '0198a6c0-5f0e-7a3b-9c1d-2e4f60718293';
const eventAt = (position: bigint) => loggedEvent(Number(position), { orderId: ORDER });
const END = eventAt(900n);

/** A page of a scan that matches nothing and ends 100 events behind its start. */
function emptyPage(after: bigint): EventPage {
  const [at, scannedTo] = [eventAt(after), eventAt(after + 100n)];
  return { events: [], after: at, scannedTo, isLast: false, end: END };
}

/** A hub whose process has published the end of the log only, so that a stream replays. */
function hubAtEnd() {
  const hub = createSubscriptionHub({ maxQueued: 10, maxCost: 10_000 });
  hub.skipTo(END.position);
  return hub;
}

const callerWithin = (ms: number): Caller => ({
  viewer: OPEN_ADMIN,
  deadline: performance.now() + ms,
  signal: new AbortController().signal,
  traceparent: null,
});

async function replay(readerFor: (caller: Caller) => OrderReader, ms: number, price: EventPrice = FREE) {
  const subscribe = createEventSubscriptions({ hub: hubAtEnd(), readerFor, replayMax: 1_000 });
  const after = encodeLogCursor(eventAt(100n));
  return subscribe({ filter: FILTER, after, snapshot: false, price }, callerWithin(ms));
}

test('a replay that fails tells how far it has scanned, although it has sent nothing', async () => {
  const readerFor = () =>
    ({
      eventPage: async ({ after }: EventPageKey) => emptyPage(after),
      replayPage: async ({ after }: EventPageKey) => {
        if (after < 500n) return emptyPage(after);
        throw new RequestError('SERVICE_UNAVAILABLE', 'The database is unavailable.');
      },
    }) as unknown as OrderReader;
  const stream = await replay(readerFor, 1_000);
  const lastCursor = encodeLogCursor(eventAt(500n));
  await expect(stream.next()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE', details: { lastCursor } });
});

test('a replay waits longer than a request for its pages, and pages of other readers do not wait for it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const eventPage = {
    nameOf: ({ after }: EventPageKey) => ({ shape: `${after}`, member: '' }),
    read: async (keys: readonly EventPageKey[]) => {
      if (keys.some(({ after, limit }) => after === 100n && limit > 1)) await promise;
      return keys.map(({ after }) => emptyPage(after));
    },
  };
  const kinds = { get: (_: object, name: string) => (name === 'eventPage' ? eventPage : { nameOf: () => '' }) };
  const bounds = {
    lanes: 1,
    stallMs: 800,
    expensiveLanes: 1,
    maxKeys: 10,
    maxQueued: 1_000,
    maxQueuedBytes: 1_000_000,
  };
  const readerFor = coalesceReads(new Proxy({}, kinds) as BatchOrderReader, bounds);
  const streams = await Promise.all([replay(readerFor, 50), replay(readerFor, 50), replay(readerFor, 50)]);
  const waiting = streams.map((stream) => stream.next().catch((cause: unknown) => cause));
  await new Promise((done) => setTimeout(done, 100)); // longer than the request
  const page = await readerFor(callerWithin(1_000)).eventPage({ filter: FILTER, after: 300n, limit: 1 });
  expect(page.scannedTo?.position).toBe(400n);
  expect(await Promise.race([...waiting, Promise.resolve('waiting')])).toBe('waiting');
  for (const stream of streams) await stream.return();
  resolve();
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => ({ done: true, value: undefined })));
});

/** Pages of four events up to the end of the log. */
const fullPages = () =>
  ({
    eventPage: async ({ after }: EventPageKey) => emptyPage(after),
    replayPage: async ({ after }: EventPageKey) => {
      const events = [1n, 2n, 3n, 4n].map((step) => eventAt(after + step * 50n));
      return { ...emptyPage(after), events, scannedTo: events.at(-1) ?? null };
    },
  }) as unknown as OrderReader;

test('a replay pays for each page before it is read, and for its events before they are sent', async () => {
  const paid: number[] = [];
  const price: EventPrice = { ...FREE, event: 4_000, page: 300, pay: async (points) => void paid.push(points) };
  const stream = await replay(fullPages, 1_000, price);
  for (const [position, expected] of [
    [150n, [300, 8_000]], // the events of 10,000 points are paid together
    [200n, [300, 8_000]],
    [250n, [300, 8_000, 8_000]],
    [300n, [300, 8_000, 8_000]],
    [350n, [300, 8_000, 8_000, 300, 8_000]],
  ] as const) {
    expect((await stream.next()).value?.position).toBe(position);
    expect(paid).toEqual(expected);
  }
});

test('a replay that has ended cancels its payment and its page', async () => {
  const signals: AbortSignal[] = [];
  const wait = async (signal: AbortSignal) => {
    signals.push(signal);
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  };
  const paying = await replay(fullPages, 1_000, { ...FREE, pay: (_, signal) => wait(signal) });
  const readerFor = ({ signal }: Caller) =>
    ({ ...fullPages(), replayPage: () => wait(signal) }) as unknown as OrderReader;
  const reading = await replay(readerFor, 1_000);
  const steps = [paying.next(), reading.next()];
  await expect.poll(() => signals).toHaveLength(2);
  await Promise.all([paying.return(), reading.return()]);
  expect(await Promise.all(steps)).toEqual(steps.map(() => ({ done: true, value: undefined })));
});
