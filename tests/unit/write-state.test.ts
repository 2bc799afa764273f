import { expect, test } from 'vitest';
import { afterFailure, mostFailuresInARow, type FailedPart } from '../../src/store/write-state.js';

const part: FailedPart = { state: 'attempting', commands: 8, outcomeUnknown: false, isolationFailed: false };
const single = { ...part, commands: 1 };

test.each(['data', 'unexpected', 'damaged'] as const)('after a failure "%s" halves are tried', (failure) => {
  expect(afterFailure(part, failure)).toEqual({ kind: 'halve', state: 'isolating' });
});

test('a command that fails alone has failed; only damage of the database is reported as retryable', () => {
  expect(afterFailure(single, 'data')).toEqual({ kind: 'fail', as: 'unexpected' });
  expect(afterFailure(single, 'unexpected')).toEqual({ kind: 'fail', as: 'unexpected' });
  expect(afterFailure(single, 'damaged')).toEqual({ kind: 'fail', as: 'unavailable' });
});

test('where isolation has failed, only rejected rows are still searched for', () => {
  const failing = { ...part, isolationFailed: true };
  expect(afterFailure(failing, 'data')).toEqual({ kind: 'halve', state: 'isolating' });
  expect(afterFailure(failing, 'unexpected')).toEqual({ kind: 'fail', as: 'unexpected' });
  expect(afterFailure(failing, 'damaged')).toEqual({ kind: 'fail', as: 'unavailable' });
  expect(afterFailure(failing, 'lock')).toEqual({ kind: 'wait' });
});

test('a lock is isolated; alone, or after it was waited for, its commands wait', () => {
  expect(afterFailure(part, 'lock')).toEqual({ kind: 'halve', state: 'isolating-locks' });
  expect(afterFailure(single, 'lock')).toEqual({ kind: 'wait' });
  expect(afterFailure({ ...part, state: 'retrying-key' }, 'lock')).toEqual({ kind: 'wait' });
});

test('a conflict is retried once, then command by command, and then reported', () => {
  expect(afterFailure(part, 'conflict')).toEqual({ kind: 'retry', state: 'retrying' });
  expect(afterFailure({ ...part, state: 'retrying' }, 'conflict')).toEqual({
    kind: 'separate',
    state: 'retrying-singly',
  });
  expect(afterFailure({ ...single, state: 'retrying' }, 'conflict')).toEqual({ kind: 'fail', as: 'conflict' });
  expect(afterFailure({ ...single, state: 'retrying-singly' }, 'conflict')).toEqual({ kind: 'fail', as: 'conflict' });
});

test('a lost connection is replaced once; an unavailable database fails at once', () => {
  expect(afterFailure(part, 'connection')).toEqual({ kind: 'retry', state: 'reconnecting' });
  expect(afterFailure({ ...part, state: 'reconnecting' }, 'connection')).toEqual({ kind: 'fail', as: 'unavailable' });
  expect(afterFailure(part, 'unavailable')).toEqual({ kind: 'fail', as: 'unavailable' });
});

test('after a COMMIT without an answer the same commands are tried until the database answers', () => {
  const unknown = { ...part, outcomeUnknown: true };
  expect(afterFailure(part, 'unknown-commit')).toEqual({ kind: 'retry', state: 'settling' });
  expect(afterFailure({ ...unknown, state: 'reconnecting' }, 'connection')).toEqual({
    kind: 'retry',
    state: 'settling',
  });
  expect(afterFailure(unknown, 'unavailable')).toEqual({ kind: 'retry', state: 'settling' });
});

test('one failing command of a batch is found before isolation has failed', () => {
  for (const commands of [1, 2, 3, 64, 200, 5_000]) {
    expect(mostFailuresInARow(commands)).toBeGreaterThan(Math.ceil(Math.log2(commands)));
  }
});
