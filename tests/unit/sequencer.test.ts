import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { startSequencer } from '../../src/events/sequencer.js';

interface Lookup {
  readonly orderIds: readonly string[] | null;
  readonly finish: (given: number | 'locked' | Error) => void;
}

/** A sequencer of an event log whose lookups end when the test calls `finish`. */
function start() {
  const lookups: Lookup[] = [];
  let sequenced = 0;
  let closing = false;
  const sequencer = startSequencer({
    eventLog: {
      sequence: (_limit, orderIds) =>
        new Promise((resolve, reject) => {
          if (closing || orderIds === null) {
            resolve(0); // full scans have their own tests
            return;
          }
          lookups.push({ orderIds, finish: (given) => (given instanceof Error ? reject(given) : resolve(given)) });
        }),
    },
    debounceMs: 1,
    pollMs: 60_000,
    onSequenced: () => (sequenced += 1),
    log: pino({ level: 'silent' }),
  });
  onTestFinished(async () => {
    closing = true;
    const closed = sequencer.close();
    for (const lookup of lookups) lookup.finish(0);
    await closed;
  });
  const started = async (index: number) => expect.poll(() => lookups[index]?.orderIds).toBeDefined();
  return { sequencer, lookups, started, sequenced: () => sequenced };
}

test('orders committed during a lookup are looked up again', async () => {
  const { sequencer, lookups, started, sequenced } = start();
  sequencer.wake(['a', 'b']);
  await started(0);
  sequencer.wake(['a', 'c']);
  lookups[0]?.finish(2);
  await started(1);
  expect(lookups.map((each) => each.orderIds)).toEqual([
    ['a', 'b'],
    ['a', 'c'],
  ]);
  expect(sequenced()).toBe(1);
});

test.each([['locked' as const], [new Error('the database is unavailable')]])(
  'after a lookup that ended with %s the orders are looked up again',
  async (end) => {
    const { sequencer, lookups, started, sequenced } = start();
    sequencer.wake(['a']);
    await started(0);
    lookups[0]?.finish(end);
    sequencer.wake(['b']);
    await started(1);
    expect(new Set(lookups[1]?.orderIds)).toEqual(new Set(['a', 'b']));
    expect(sequenced()).toBe(0);
  },
);

test('a busy process runs a full scan when it is due', async () => {
  const lookups: (readonly string[] | null)[] = [];
  const sequencer = startSequencer({
    eventLog: {
      sequence: (_limit, orderIds) => {
        lookups.push(orderIds);
        sequencer.wake(['always busy']);
        return Promise.resolve(1);
      },
    },
    debounceMs: 1,
    pollMs: 20,
    onSequenced: () => undefined,
    log: pino({ level: 'silent' }),
  });
  onTestFinished(() => sequencer.close());
  sequencer.wake(['always busy']);
  await expect.poll(() => lookups.filter((orderIds) => orderIds === null).length).toBeGreaterThan(2);
});

test('a failed full scan is not repeated before the next one is due and does not delay lookups by order', async () => {
  const lookups: (readonly string[] | null)[] = [];
  const sequencer = startSequencer({
    eventLog: {
      sequence: (_limit, orderIds) => {
        lookups.push(orderIds);
        return orderIds === null ? Promise.reject(new Error('timed out')) : Promise.resolve(1);
      },
    },
    debounceMs: 1,
    pollMs: 60_000,
    onSequenced: () => undefined,
    log: pino({ level: 'silent' }),
  });
  onTestFinished(() => sequencer.close());
  for (const orderId of ['a', 'b', 'c', 'd']) {
    sequencer.wake([orderId]);
    await expect.poll(() => lookups.flat()).toContain(orderId);
  }
  expect(lookups).toEqual([['a'], null, ['b'], ['c'], ['d']]);
});

test('closing sequences the remaining orders', async () => {
  const lookups: (readonly string[] | null)[] = [];
  const eventLog = {
    sequence: (_limit: number, orderIds: readonly string[] | null) => {
      lookups.push(orderIds);
      return Promise.resolve(1);
    },
  };
  const log = pino({ level: 'silent' });
  const sequencer = startSequencer({ eventLog, debounceMs: 60_000, pollMs: 60_000, onSequenced: () => undefined, log });
  sequencer.wake(['left']);
  await sequencer.close();
  expect(lookups).toEqual([['left']]);
});
