import type { Logger } from 'pino';
import type { LoggedEvent } from '../domain/order-event.js';
import type { EventLog } from '../orders/interfaces/event-log.js';
import { startPollLoop, type PollLoop } from './poll-loop.js';

const BATCH_SIZE = 1_000;

export interface LogTailerOptions {
  readonly eventLog: Pick<EventLog, 'read' | 'lastPosition'>;
  readonly debounceMs: number;
  readonly pollMs: number;
  readonly publish: (events: readonly LoggedEvent[]) => Promise<void>;
  readonly log: Logger;
}

/** Reads new log entries, from the end of the log at the start: one reader for all subscriptions of the process. */
export async function startLogTailer(options: LogTailerOptions): Promise<PollLoop> {
  const { eventLog, debounceMs, pollMs, publish, log } = options;
  let position = await eventLog.lastPosition();
  return startPollLoop({
    name: 'tailer',
    debounceMs,
    pollMs,
    log,
    async poll() {
      const events = await eventLog.read(position, BATCH_SIZE);
      const last = events.at(-1);
      if (last === undefined) return false;
      await publish(events);
      position = last.position;
      return events.length === BATCH_SIZE;
    },
  });
}
