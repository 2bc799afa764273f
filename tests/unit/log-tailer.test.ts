import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { LoggedEvent } from '../../src/domain/order-event.js';
import { startLogTailer } from '../../src/events/log-tailer.js';
import { loggedEvent } from '../support/events.js';

/** A log whose end is read when `answer` is called. */
function createLog() {
  let last = 0n;
  const answers: (() => void)[] = [];
  let isDelayed = false;
  return {
    append: () => (last += 1n),
    delay: () => (isDelayed = true),
    answer: () => answers.shift()?.(),
    waiting: () => answers.length,
    eventLog: {
      read: async (after: bigint) =>
        Array.from({ length: Number(last - after) }, (_, index) => loggedEvent(Number(after) + index + 1)),
      lastPosition: async () => {
        if (isDelayed) await new Promise<void>((resolve) => answers.push(resolve));
        return last;
      },
    },
  };
}

async function startTailer(eventLog: ReturnType<typeof createLog>['eventLog']) {
  const seen: LoggedEvent[] = [];
  const skipped: bigint[] = [];
  const state = { isWatched: false, logged: 0, seen, skipped };
  const tailer = await startLogTailer({
    eventLog,
    debounceMs: 0,
    pollMs: 60_000,
    isWatched: () => state.isWatched,
    publish: async (events) => void seen.push(...events),
    skipTo: (position) => skipped.push(position),
    onLogged: (count) => (state.logged += count),
    log: pino({ level: 'silent' }),
  });
  onTestFinished(() => tailer.close());
  return { tailer, state };
}

test('without subscriptions no event is read, and consumers learn how many there are', async () => {
  const log = createLog();
  const { tailer, state } = await startTailer(log.eventLog);
  log.append();
  log.append();
  tailer.wake();
  await expect.poll(() => state.logged).toBe(2);
  expect(state.seen).toEqual([]);
  expect(state.skipped).toEqual([0n, 2n]);
  state.isWatched = true;
  log.append();
  tailer.wake();
  await expect.poll(() => state.seen.map(({ position }) => position)).toEqual([3n]);
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
