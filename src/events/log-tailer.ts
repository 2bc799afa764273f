import type { Logger } from 'pino';
import type { LoggedEvent } from '../domain/order-event.js';
import type { LogStore } from '../orders/ports.js';
import { startRounds, type Rounds } from './poll-loop.js';

const BULK = 1_000;

export interface TailOptions {
  readonly store: Pick<LogStore, 'read' | 'lastPosition'>;
  readonly debounceMs: number;
  readonly pollMs: number;
  readonly publish: (events: readonly LoggedEvent[]) => Promise<void>;
  readonly log: Logger;
}

/** Follows the log from its present end on: one reader a process, for all that watch. */
export async function startTail({ store, debounceMs, pollMs, publish, log }: TailOptions): Promise<Rounds> {
  let position = await store.lastPosition();
  return startRounds({
    name: 'tail',
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
