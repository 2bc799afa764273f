import type { Logger } from 'pino';
import type { LoggedEvent } from '../domain/order-event.js';
import type { LogStore } from '../orders/interfaces/event-log.js';
import { startPollLoop, type PollLoop } from './poll-loop.js';

const BULK = 1_000;

export interface LogTailerOptions {
  readonly store: Pick<LogStore, 'read' | 'lastPosition'>;
  readonly debounceMs: number;
  readonly pollMs: number;
  readonly publish: (events: readonly LoggedEvent[]) => Promise<void>;
  readonly log: Logger;
}

/** Follows the log from its present end on: one reader a process, for all that watch. */
export async function startLogTailer({ store, debounceMs, pollMs, publish, log }: LogTailerOptions): Promise<PollLoop> {
  let position = await store.lastPosition();
  return startPollLoop({
    name: 'tailer',
    debounceMs,
    pollMs,
    log,
    async round() {
      const events = await store.read(position, BULK);
      const last = events.at(-1);
      if (last === undefined) return false;
      await publish(events);
      position = last.position;
      return events.length === BULK;
    },
  });
}
