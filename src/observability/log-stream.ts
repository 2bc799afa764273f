import { pino, type DestinationStream } from 'pino';
import { PinoPretty } from 'pino-pretty';

/** The destination of log lines: stderr, as JSON for programs or as text for people. */
export function logStream(format: 'auto' | 'json' | 'pretty'): DestinationStream {
  const pretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY);
  const stderr = pino.destination({ dest: 2, sync: true });
  stderr.on('error', () => undefined); // a closed terminal; the error cannot be reported anywhere
  return pretty
    ? PinoPretty({
        destination: stderr,
        colorize: process.stderr.hasColors?.() ?? false,
        ignore: 'pid,hostname,service',
        singleLine: true,
        translateTime: 'SYS:HH:MM:ss',
      })
    : stderr;
}
