import { expect, test } from 'vitest';
import { createRestartPolicy, MAX_CRASHES } from '../../src/workers/restart-policy.js';

const delaysOf = (readyMs: readonly number[]) => {
  const policy = createRestartPolicy();
  return readyMs.map((each) => policy.delayAfterCrash(each));
};

test('the delay doubles with each crash in a row, until there are too many', () => {
  expect(delaysOf(Array.from({ length: MAX_CRASHES }, () => 0))).toEqual([100, 200, 400, 800, 1_600, null]);
});

test('a worker that was ready for 5 s starts a new series', () => {
  expect(delaysOf([0, 0, 4_999, 5_000, 0])).toEqual([100, 200, 400, 100, 200]);
});
