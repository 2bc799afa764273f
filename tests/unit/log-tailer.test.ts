import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { isStillLogged } from '../../src/domain/bookmark.js';
import type { LoggedEvent } from '../../src/domain/order-event.js';
import { startLogTailer } from '../../src/events/log-tailer.js';
import type { EventLog } from '../../src/orders/interfaces/event-log.js';
import { loggedEvent } from '../support/events.js';

type Log = Pick<EventLog, 'end' | 'readBehind' | 'skipBehind'>;

/** A log whose end is read when `answer` is called. */
function createLog() {
  let events: LoggedEvent[] = [];
  const answers: (() => void)[] = [];
  let isDelayed = false;
  const eventLog: Log = {
    end: async () => events.at(-1) ?? null,
    readBehind: async (bookmark) => {
      const at = events[Number(bookmark.position) - 1] ?? null;
      if (!isStillLogged(bookmark, at)) return 'rewound';
      return { events: events.slice(Number(bookmark.position)), gapAt: null };
    },
    skipBehind: async (bookmark, limit) => {
      if (isDelayed) await new Promise<void>((resolve) => answers.push(resolve));
      const at = events[Number(bookmark.position) - 1] ?? null;
      if (!isStillLogged(bookmark, at)) return 'rewound';
      const skipped = events.slice(Number(bookmark.position), Number(bookmark.position) + limit);
      return { end: skipped.at(-1) ?? null, hasGap: false };
    },
  };
  return {
    append(count = 1, orderId = 'x') {
      for (let each = 0; each < count; each += 1) events.push(loggedEvent(events.length + 1, { orderId }));
    },
    rewindTo: (length: number) => (events = events.slice(0, length)),
    delay: () => (isDelayed = true),
    answer: () => answers.shift()?.(),
    waiting: () => answers.length,
    eventLog,
  };
}

async function startTailer(eventLog: Log) {
  const seen: LoggedEvent[] = [];
  const skipped: bigint[] = [];
  const rewinds: bigint[] = [];
  const lines: { readonly level: number; readonly msg: string }[] = [];
  const state = { isWatched: false, logged: 0, seen, skipped, rewinds, lines };
  const tailer = await startLogTailer({
    eventLog,
    debounceMs: 0,
    pollMs: 60_000,
    isWatched: () => state.isWatched,
    publish: async (events) => void seen.push(...events),
    skipTo: (position) => skipped.push(position),
    onLogged: (count) => (state.logged += count),
    rewindTo: (position) => rewinds.push(position),
    log: pino({}, { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[number]) }),
  });
  onTestFinished(() => tailer.close());
  return { tailer, state };
}

test('without subscriptions no event is read, and consumers learn how many there are', async () => {
  const log = createLog();
  const { tailer, state } = await startTailer(log.eventLog);
  log.append(2);
  tailer.wake();
  await expect.poll(() => state.logged).toBe(2);
  expect(state.seen).toEqual([]);
  expect(state.skipped).toEqual([0n, 2n]);
  state.isWatched = true;
  log.append();
  tailer.wake();
  await expect.poll(() => state.seen.map(({ position }) => position)).toEqual([3n]);
});

test('without subscriptions a long log is passed over in several statements', async () => {
  const log = createLog();
  const { tailer, state } = await startTailer(log.eventLog);
  log.append(25_000);
  tailer.wake();
  await expect.poll(() => state.logged).toBe(25_000);
});

test('a subscription that begins while the end of the log is read gets every event since then', async () => {
  const log = createLog();
  const { tailer, state } = await startTailer(log.eventLog);
  log.delay();
  tailer.wake();
  await expect.poll(log.waiting).toBe(1);
  state.isWatched = true;
  log.append();
  log.answer();
  await expect.poll(() => state.seen.map(({ position }) => position)).toEqual([1n]);
  expect(state.logged).toBe(1);
  expect(state.skipped).toEqual([0n]);
});

test.each([
  { isWatched: true, regrown: 0 },
  { isWatched: true, regrown: 10 },
  { isWatched: false, regrown: 0 },
  { isWatched: false, regrown: 3 },
  { isWatched: false, regrown: 10 },
])(
  'a rewound log is logged once, and reading continues at its end (watched $isWatched, regrown by $regrown)',
  async ({ isWatched, regrown }) => {
    const log = createLog();
    log.append(5);
    const { tailer, state } = await startTailer(log.eventLog);
    state.isWatched = isWatched;
    log.append(2);
    tailer.wake();
    await expect.poll(() => state.logged).toBe(2);
    log.rewindTo(4);
    log.append(regrown, 'y');
    tailer.wake();
    await expect.poll(() => state.rewinds).toEqual([BigInt(4 + regrown)]);
    state.isWatched = true;
    log.append(2, 'y');
    tailer.wake();
    await expect
      .poll(() => state.seen.slice(-2).map(({ position }) => position))
      .toEqual([BigInt(4 + regrown + 1), BigInt(4 + regrown + 2)]);
    expect(state.seen).toHaveLength(isWatched ? 4 : 2);
    expect(state.rewinds).toHaveLength(1);
    expect(state.lines).toMatchObject([{ level: 50, read: 7, end: 4 + regrown }]);
  },
);

test('a log that only grows is not taken as rewound', async () => {
  const log = createLog();
  const { tailer, state } = await startTailer(log.eventLog);
  for (let turn = 1; turn <= 6; turn += 1) {
    state.isWatched = turn % 3 > 0;
    log.append(2);
    tailer.wake();
    await expect.poll(() => state.logged).toBe(2 * turn);
  }
  expect(state).toMatchObject({ rewinds: [], lines: [] });
});
