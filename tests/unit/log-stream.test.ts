import fs from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { createLog } from '../../src/observability/log.js';
import { logStream } from '../../src/observability/log-stream.js';

afterEach(() => vi.restoreAllMocks());

test('log lines that cannot be written are kept up to a limit, and are written later', () => {
  let isFull = true;
  let writtenBytes = 0;
  vi.spyOn(fs, 'writeSync').mockImplementation((_fd: number, text: string | Buffer) => {
    if (isFull) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    writtenBytes += Buffer.byteLength(text);
    return Buffer.byteLength(text);
  });
  const log = createLog({ level: 'info', destination: logStream('json') });
  for (let line = 0; line < 10_000; line += 1) log.info({ line, text: 'x'.repeat(300) }, 'request ended');
  isFull = false;
  log.warn('the disk has space again');
  expect(writtenBytes).toBeGreaterThan(100_000);
  expect(writtenBytes).toBeLessThan(1_100_000);
});
