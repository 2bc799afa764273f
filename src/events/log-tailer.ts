import type { Logger } from 'pino';
import type { LoggedEvent } from '../domain/order-event.js';
import type { EventLog } from '../orders/interfaces/event-log.js';
import { startPollLoop, type PollLoop } from './poll-loop.js';

const BATCH_SIZE = 1_000;

export interface LogTailerOptions {
  readonly eventLog: Pick<EventLog, 'read' | 'lastPosition'>;
  readonly debounceMs: number;
  readonly pollMs: number;
  /** Whether the process has subscriptions. */
  readonly isWatched: () => boolean;
  readonly publish: (events: readonly LoggedEvent[]) => Promise<void>;
  /** Called with the position behind which the reading continues, when entries before it are not published. */
  readonly skipTo: (position: bigint) => void;
  /** Called with the number of new entries, before they are published. */
  readonly onLogged: (count: number) => void;
  readonly log: Logger;
}

/**
 * Reads new log entries, from the end of the log at the start: one reader for all subscriptions of the process. Without
 * subscriptions only the end of the log is read.
 */
export async function startLogTailer(options: LogTailerOptions): Promise<PollLoop> {
  const { eventLog, debounceMs, pollMs, isWatched, publish, skipTo, onLogged, log } = options;
  let position = await eventLog.lastPosition();
  skipTo(position);

  /** @returns false if a subscription began meanwhile: it must get the entries since then, so they are read */
  async function skipToEnd(): Promise<boolean> {
    const end = await eventLog.lastPosition();
    if (isWatched()) return false;
    if (end > position) onLogged(Number(end - position));
    position = end > position ? end : position;
    skipTo(position);
    return true;
  }

  return startPollLoop({
    name: 'tailer',
    debounceMs,
    pollMs,
    log,
    async poll() {
      if (!isWatched() && (await skipToEnd())) return false;
      const events = await eventLog.read(position, BATCH_SIZE);
      const last = events.at(-1);
      if (last === undefined) return false;
      onLogged(events.length);
      await publish(events);
      position = last.position;
      return events.length === BATCH_SIZE;
    },
  });
}
