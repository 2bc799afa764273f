import { pino, type DestinationStream } from 'pino';
import { PinoPretty } from 'pino-pretty';

const WARN = pino.levels.values['warn'] ?? 0;

/** Lines below `warn` are collected up to this size, or for this time. A write for each request would cost more than its line. */
const MAX_COLLECTED_BYTES = 4_096;
const MAX_COLLECTED_MS = 100;
/** Lines that cannot be written, for example to a full disk, are kept up to this size. Further lines are dropped. */
const MAX_KEPT_BYTES = 1_000_000;

/** The destination of log lines: stderr, as JSON for programs or as text for people. */
export function logStream(format: 'auto' | 'json' | 'pretty'): DestinationStream {
  const pretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY);
  if (!pretty) return collectingStream();
  const stderr = pino.destination({ dest: 2, sync: true, maxLength: MAX_KEPT_BYTES });
  stderr.on('error', ignoreClosedTerminal);
  return PinoPretty({
    destination: stderr,
    colorize: process.stderr.hasColors?.() ?? false,
    ignore: 'pid,hostname,service',
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss',
  });
}

/** Warnings and errors are written at once, with the lines before them: a crash does not lose them. */
function collectingStream(): DestinationStream {
  const stderr = pino.destination({ dest: 2, sync: true, minLength: MAX_COLLECTED_BYTES, maxLength: MAX_KEPT_BYTES });
  let timer: NodeJS.Timeout | null = null;
  stderr.on('error', ignoreClosedTerminal);
  process.once('exit', flush);

  function flush(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    stderr.flush();
  }

  return {
    [Symbol.for('pino.metadata')]: true, // pino sets `lastLevel` before each line
    lastLevel: 0,
    write(line: string) {
      stderr.write(line);
      if (this.lastLevel >= WARN) flush();
      else timer ??= setTimeout(flush, MAX_COLLECTED_MS).unref();
    },
  } as DestinationStream & { lastLevel: number };
}

/** The error cannot be reported anywhere. */
function ignoreClosedTerminal(): void {}
