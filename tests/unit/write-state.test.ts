import { expect, test } from 'vitest';
import { afterFailure, maxConsecutiveFailures, type FailedPart } from '../../src/store/write-state.js';

const part: FailedPart = { state: 'attempting', commands: 8, outcomeUnknown: false, bisectionFailed: false };
const single = { ...part, commands: 1 };

test.each(['data', 'unexpected', 'internal-error'] as const)('a failure of kind "%s" is bisected', (failure) => {
  expect(afterFailure(part, failure)).toEqual({ kind: 'halve', state: 'bisecting' });
});

test('a single failed command is not retried; only an internal error of the database is reported as retryable', () => {
  expect(afterFailure(single, 'data')).toEqual({ kind: 'fail', as: 'unexpected' });
  expect(afterFailure(single, 'unexpected')).toEqual({ kind: 'fail', as: 'unexpected' });
  expect(afterFailure(single, 'internal-error')).toEqual({ kind: 'fail', as: 'unavailable' });
});

test('after a failed bisection only rejected rows are bisected', () => {
  const failing = { ...part, bisectionFailed: true };
  expect(afterFailure(failing, 'data')).toEqual({ kind: 'halve', state: 'bisecting' });
  expect(afterFailure(failing, 'unexpected')).toEqual({ kind: 'fail', as: 'unexpected' });
  expect(afterFailure(failing, 'internal-error')).toEqual({ kind: 'fail', as: 'unavailable' });
  expect(afterFailure(failing, 'lock')).toEqual({ kind: 'report-lock-conflict' });
});

test('a lock conflict is bisected; single commands and commands that have waited for a key report it', () => {
  expect(afterFailure(part, 'lock')).toEqual({ kind: 'halve', state: 'bisecting-locks' });
  expect(afterFailure(single, 'lock')).toEqual({ kind: 'report-lock-conflict' });
  expect(afterFailure({ ...part, state: 'retrying-key' }, 'lock')).toEqual({ kind: 'report-lock-conflict' });
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

test('a lost connection is replaced once; an unavailable database fails the batch at once', () => {
  expect(afterFailure(part, 'connection')).toEqual({ kind: 'retry', state: 'reconnecting' });
  expect(afterFailure({ ...part, state: 'reconnecting' }, 'connection')).toEqual({ kind: 'fail', as: 'unavailable' });
  expect(afterFailure(part, 'unavailable')).toEqual({ kind: 'fail', as: 'unavailable' });
});

test('after an unknown COMMIT outcome the same commands are retried until the database responds', () => {
  const unknown = { ...part, outcomeUnknown: true };
  expect(afterFailure(part, 'unknown-commit')).toEqual({ kind: 'retry', state: 'settling' });
  expect(afterFailure({ ...unknown, state: 'reconnecting' }, 'connection')).toEqual({
    kind: 'retry',
    state: 'settling',
  });
  expect(afterFailure(unknown, 'unavailable')).toEqual({ kind: 'retry', state: 'settling' });
});

test('one failing command of a batch is found before bisection fails', () => {
  for (const commands of [1, 2, 3, 64, 200, 5_000]) {
    expect(maxConsecutiveFailures(commands)).toBeGreaterThan(Math.ceil(Math.log2(commands)));
  }
});
