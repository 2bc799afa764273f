import type { Logger } from 'pino';
import { bookmarkAt } from '../domain/bookmark.js';
import type { LoggedEvent } from '../domain/order-event.js';
import type { EventLog } from '../orders/interfaces/event-log.js';
import { createGapWatch } from './gap-watch.js';
import { startPollLoop, type PollLoop } from './poll-loop.js';

const BATCH_SIZE = 1_000;
/** Most events that one statement skips. */
const SKIP_SIZE = 10_000;

export interface LogTailerOptions {
  readonly eventLog: Pick<EventLog, 'end' | 'readBehind' | 'skipBehind'>;
  readonly debounceMs: number;
  readonly pollMs: number;
  /** Whether the process has subscriptions. */
  readonly isWatched: () => boolean;
  readonly publish: (events: readonly LoggedEvent[]) => Promise<void>;
  /** Called with the position after which the reading continues, when entries before it are not published. */
  readonly skipTo: (position: bigint) => void;
  /** Called with the number of new entries, before they are published. */
  readonly onLogged: (count: number) => void;
  /** Called when the log was restored to an earlier state. Reading continues after this position, the end of the log. */
  readonly rewindTo: (position: bigint) => void;
  readonly log: Logger;
}

/**
 * Reads new log entries, from the end of the log at the start: one reader for all subscriptions of the process. Without
 * subscriptions only the end of the log is read. Each read checks that the log still has the last event of the one before.
 */
export async function startLogTailer(options: LogTailerOptions): Promise<PollLoop> {
  const { eventLog, debounceMs, pollMs, isWatched, publish, skipTo, rewindTo, onLogged, log } = options;
  const gaps = createGapWatch(log);
  let bookmark = bookmarkAt(await eventLog.end());
  skipTo(bookmark.position);

  async function continueAtEnd(): Promise<void> {
    const { position } = bookmark;
    bookmark = bookmarkAt(await eventLog.end());
    log.error({ read: position, end: bookmark.position }, REWOUND);
    rewindTo(bookmark.position);
  }

  /** @returns whether more positions follow; null if events must be read, for subscriptions or to find a gap */
  async function skip(): Promise<boolean | null> {
    const skipped = await eventLog.skipBehind(bookmark, SKIP_SIZE);
    if (isWatched()) return null; // a subscription began meanwhile: it must get the entries since then
    if (skipped === 'rewound') {
      await continueAtEnd();
      return false;
    }
    if (skipped.hasGap) return null;
    gaps.observe(null);
    if (skipped.end === null) return false;
    const count = Number(skipped.end.position - bookmark.position);
    onLogged(count);
    bookmark = bookmarkAt(skipped.end);
    skipTo(bookmark.position);
    return count === SKIP_SIZE;
  }

  async function read(): Promise<boolean> {
    const part = await eventLog.readBehind(bookmark, BATCH_SIZE);
    if (part === 'rewound') {
      await continueAtEnd();
      return false;
    }
    const { events, gapAt } = part;
    gaps.observe(gapAt);
    const last = events.at(-1);
    if (last === undefined) return false;
    onLogged(events.length);
    await publish(events);
    bookmark = bookmarkAt(last);
    return events.length === BATCH_SIZE;
  }

  return startPollLoop({
    name: 'tailer',
    debounceMs,
    pollMs,
    log,
    poll: async () => (isWatched() ? null : await skip()) ?? read(),
  });
}

const REWOUND =
  'event log: the last event that this process has read is not in the log any more. The database was restored to an earlier state, or a failover has lost events. Subscriptions end with CURSOR_EXPIRED, and reading continues at the end of the log. External consumers are held: npm run cli -- consumers';
