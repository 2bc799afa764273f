import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFailureLog } from '../../src/observability/failure-log.js';
import { createLog } from '../../src/observability/log.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function start() {
  const lines: { readonly msg: string; readonly failures: number }[] = [];
  const write = (line: string) => lines.push(JSON.parse(line) as (typeof lines)[0]);
  return { lines, failures: createFailureLog(createLog({ level: 'info', destination: { write } })) };
}

test('a lasting failure is logged once a minute, and its end is logged once', () => {
  const { lines, failures } = start();
  for (let second = 0; second < 150; second += 1) {
    failures.failed(new Error('unavailable'), 'it failed');
    vi.advanceTimersByTime(1_000);
  }
  expect(lines.map((line) => line.failures)).toEqual([1, 61, 121]);
  failures.worked('it works again');
  failures.worked('it works again');
  vi.advanceTimersByTime(60_000);
  expect(lines.slice(3)).toMatchObject([{ msg: 'it works again', failures: 150 }]);
  failures.failed(new Error('unavailable'), 'it failed');
  expect(lines.at(-1)).toMatchObject({ msg: 'it failed', failures: 1 });
});

test('a failure of every other attempt is logged as one lasting failure', () => {
  const { lines, failures } = start();
  for (let second = 0; second < 50; second += 1) {
    failures.failed(new Error('unavailable'), 'it failed');
    vi.advanceTimersByTime(500);
    failures.worked('it works again');
    vi.advanceTimersByTime(500);
  }
  expect(lines.map(({ msg }) => msg)).toEqual(['it failed']);
});
