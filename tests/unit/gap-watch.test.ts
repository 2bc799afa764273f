import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createGapWatch } from '../../src/events/gap-watch.js';

function watch() {
  const lines: { readonly level: number; readonly position: number }[] = [];
  const log = pino({}, { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[number]) });
  const clock = { now: 0 };
  const { observe } = createGapWatch(log, () => clock.now);
  /** Reports a gap at a time. @returns the positions of the new log lines, with their level */
  return (now: number, gapAt: bigint | null) => {
    clock.now = now;
    observe(gapAt);
    return lines.splice(0).map(({ level, position }) => [level, position]);
  };
}

test('a gap that lasts is logged once, and once more when it is filled', () => {
  const at = watch();
  expect(at(0, null)).toEqual([]);
  expect(at(1_000, 4n)).toEqual([]);
  expect(at(10_999, 4n)).toEqual([]);
  expect(at(11_000, 4n)).toEqual([[50, 4]]);
  expect(at(60_000, 4n)).toEqual([]);
  expect(at(61_000, null)).toEqual([[40, 4]]);
  expect(at(99_000, null)).toEqual([]);
});

test('a gap that is filled in time is not logged, and the next gap has its own time', () => {
  const at = watch();
  expect(at(0, 4n)).toEqual([]);
  expect(at(9_000, 8n)).toEqual([]);
  expect(at(11_000, 8n)).toEqual([]);
  expect(at(12_000, null)).toEqual([]);
  expect(at(13_000, 8n)).toEqual([]);
  expect(at(23_000, 8n)).toEqual([[50, 8]]);
  expect(at(24_000, 9n)).toEqual([[40, 8]]);
});
