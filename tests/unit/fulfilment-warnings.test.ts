import type { Logger } from 'pino';
import { expect, test, vi } from 'vitest';
import { createWarnings } from '../../src/fulfilment/worker.js';

test('a warning of the job queue is logged once a minute', () => {
  vi.useFakeTimers();
  const lines: string[] = [];
  const warn = createWarnings({ warn: (text: string) => lines.push(text) } as unknown as Logger);
  for (let second = 0; second < 90; second += 6) {
    warn({ message: `Warning: large queue backlog: queue "fulfilment" has ${10_001 + second} jobs` });
    vi.advanceTimersByTime(6_000);
  }
  const backlog = 'fulfilment: more than 10000 steps or dead letters are queued: npm run cli -- fulfilment';
  expect(lines).toEqual([backlog, backlog]);
  vi.useRealTimers();
});
