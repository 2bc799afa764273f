import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { startSequencer } from '../../src/events/sequencer.js';

interface Look {
  readonly orderIds: readonly string[] | null;
  readonly answer: (given: number | 'locked' | Error) => void;
}

/** A sequencer over a log whose look-ups the test answers. */
function start() {
  const looks: Look[] = [];
  let sequenced = 0;
  let closing = false;
  const sequencer = startSequencer({
    eventLog: {
      sequence: (_limit, orderIds) =>
        new Promise((resolve, reject) => {
          if (closing || orderIds === null) {
            resolve(0); // these tests are not about full scans
            return;
          }
          looks.push({ orderIds, answer: (given) => (given instanceof Error ? reject(given) : resolve(given)) });
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
    for (const look of looks) look.answer(0);
    await closed;
  });
  const look = async (index: number) => expect.poll(() => looks[index]?.orderIds).toBeDefined();
  return { sequencer, looks, look, sequenced: () => sequenced };
}

test('orders that are committed during a look-up are looked up again', async () => {
  const { sequencer, looks, look, sequenced } = start();
  sequencer.wake(['a', 'b']);
  await look(0);
  sequencer.wake(['a', 'c']);
  looks[0]?.answer(2);
  await look(1);
  expect(looks.map((each) => each.orderIds)).toEqual([
    ['a', 'b'],
    ['a', 'c'],
  ]);
  expect(sequenced()).toBe(1);
});

test.each([['locked' as const], [new Error('the database is unavailable')]])(
  'after a look-up that ended with %s the orders are looked up again',
  async (end) => {
    const { sequencer, looks, look, sequenced } = start();
    sequencer.wake(['a']);
    await look(0);
    looks[0]?.answer(end);
    sequencer.wake(['b']);
    await look(1);
    expect(new Set(looks[1]?.orderIds)).toEqual(new Set(['a', 'b']));
    expect(sequenced()).toBe(0);
  },
);

test('a full scan runs when it is due, however busy the process is', async () => {
  const looks: (readonly string[] | null)[] = [];
  const sequencer = startSequencer({
    eventLog: {
      sequence: (_limit, orderIds) => {
        looks.push(orderIds);
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
  await expect.poll(() => looks.filter((look) => look === null).length).toBeGreaterThan(2);
});

test('a failed full scan is not repeated before the next one is due, and delays no look-up by order', async () => {
  const looks: (readonly string[] | null)[] = [];
  const sequencer = startSequencer({
    eventLog: {
      sequence: (_limit, orderIds) => {
        looks.push(orderIds);
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
    await expect.poll(() => looks.flat()).toContain(orderId);
  }
  expect(looks).toEqual([['a'], null, ['b'], ['c'], ['d']]);
});

test('closing sequences the remaining orders', async () => {
  const looks: (readonly string[] | null)[] = [];
  const eventLog = {
    sequence: (_limit: number, orderIds: readonly string[] | null) => {
      looks.push(orderIds);
      return Promise.resolve(1);
    },
  };
  const log = pino({ level: 'silent' });
  const sequencer = startSequencer({ eventLog, debounceMs: 60_000, pollMs: 60_000, onSequenced: () => undefined, log });
  sequencer.wake(['left']);
  await sequencer.close();
  expect(looks).toEqual([['left']]);
});
