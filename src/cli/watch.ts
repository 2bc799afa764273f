import { loadEnvFile } from '../config.js';
import { maskCredentials } from '../observability/logged-error.js';
import { openCursorFile } from './watch/cursor-file.js';
import { eventRequestOf, subjectOf } from './watch/event-request.js';
import { followEvents } from './watch/follow-events.js';
import { createLinePrinter } from './watch/line-printer.js';
import { readWatchOptions } from './watch/watch-options.js';

/**
 * Prints each event of a running server as a line of JSON, until interrupted.
 *
 * Each event is printed once, also across restarts of the server and lost connections. With a cursor file, a new run
 * continues where the last one ended. The file is written after the line: the run after a kill repeats the lines whose
 * cursor was not written yet, and loses none.
 */
export async function watch(words: readonly string[]): Promise<string> {
  loadEnvFile(); // for the server's PORT
  const options = readWatchOptions(words);
  const { url, token, snapshot } = options;
  const cursorFile = options.cursorFile === null ? null : openCursorFile(options.cursorFile);
  const after = cursorFile?.read() ?? options.after;
  const stop = new AbortController();
  const end = () => stop.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  const printer = createLinePrinter(process.stdout, {
    savePrinted: (cursor) => cursorFile?.write(cursor),
    onFailure: end,
  });
  try {
    await followEvents({
      url,
      token,
      request: eventRequestOf(options),
      after,
      snapshot,
      onEvents: (events, cursor, socket) =>
        printer.print(
          events.map((event) => JSON.stringify(event)),
          cursor,
          socket,
        ),
      report: (message) => process.stderr.write(`${maskCredentials(message)}\n`),
      subject: subjectOf(options),
      signal: stop.signal,
    });
  } finally {
    await printer.close();
  }
  return '';
}
