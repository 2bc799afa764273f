import { expect, test } from 'vitest';
import { OPEN_ADMIN } from '../../src/auth/open-viewer.js';
import { coalesceReads } from '../../src/coalesce/reader.js';
import { RequestError } from '../../src/domain/errors.js';
import { encodeLogCursor } from '../../src/domain/log-cursor.js';
import { createSubscriptionHub } from '../../src/events/subscription-hub.js';
import { createEventSubscriptions } from '../../src/orders/event-subscriptions.js';
import type { Caller } from '../../src/orders/interfaces/caller.js';
import type { EventPage, EventPageKey } from '../../src/orders/interfaces/event-log.js';
import type { BatchOrderReader, OrderReader } from '../../src/orders/interfaces/order-reader.js';
import { loggedEvent } from '../support/events.js';

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
  const hub = createSubscriptionHub({ maxQueued: 10, maxCost: 10 });
  hub.skipTo(END.position);
  return hub;
}

const callerWithin = (ms: number): Caller => ({
  viewer: OPEN_ADMIN,
  deadline: performance.now() + ms,
  signal: new AbortController().signal,
  traceparent: null,
});

async function replay(readerFor: (caller: Caller) => OrderReader, ms: number) {
  const subscribe = createEventSubscriptions({ hub: hubAtEnd(), readerFor, replayMax: 1_000 });
  const after = encodeLogCursor(eventAt(100n));
  return subscribe({ filter: FILTER, after, snapshot: false, cost: 1 }, callerWithin(ms));
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
