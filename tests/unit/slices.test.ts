import { expect, test } from 'vitest';
import { createSlices } from '../../src/http/slices.js';

/** Blocks the event loop. */
function work(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('light work runs in slices, in the order of its calls', async () => {
  const run = createSlices();
  const done: number[] = [];
  const all = Array.from({ length: 40 }, async (_, index) =>
    run(1, () => {
      work(1);
      done.push(index);
    }),
  );
  const seen: number[] = [];
  for (; done.length < 40; await turn()) seen.push(done.length);
  await Promise.all(all);
  expect(done).toEqual(Array.from({ length: 40 }, (_, index) => index));
  expect(new Set(seen).size).toBeGreaterThan(4); // 40 ms in slices of 5
});

test('heavy work runs one call at a time, in separate turns of the event loop, and does not delay light work', async () => {
  const run = createSlices();
  let running = 0;
  let maxRunning = 0;
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const heavy = Array.from({ length: 5 }, async () =>
    run(50_000, async () => {
      maxRunning = Math.max(maxRunning, (running += 1));
      await released;
      running -= 1;
    }),
  );
  expect(await run(10, () => 'light')).toBe('light'); // while heavy work is running
  expect(running).toBe(1);
  release();
  await Promise.all(heavy);
  expect(maxRunning).toBe(1);
});

test('concurrent light work is limited by its cost, and a failure frees its capacity', async () => {
  const run = createSlices();
  let running = 0;
  let maxRunning = 0;
  const all = Array.from({ length: 10 }, async (_, index) =>
    run(900, async () => {
      maxRunning = Math.max(maxRunning, (running += 1));
      await turn();
      running -= 1;
      if (index % 2 === 0) throw new Error('failed');
    }).catch((cause: unknown) => (cause as Error).message),
  );
  const results = await Promise.all(all);
  expect(results.filter((result) => result === 'failed')).toHaveLength(5);
  expect(maxRunning).toBe(2);
});
