import type { Logger } from 'pino';
import type { StatsKeeper } from '../orders/ports.js';
import { startRounds, type Rounds } from './rounds.js';

const BULK = 2_000;
/** Statistics may be a moment late; counting many events at a time is what makes them cheap. */
const DEBOUNCE_MS = 100;

export interface StatisticsOptions {
  readonly keeper: StatsKeeper;
  readonly pollMs: number;
  readonly log: Logger;
}

/** Counts the events of the log as they come. One process at a time does; the others look again at the next poll. */
export function startStatistics({ keeper, pollMs, log }: StatisticsOptions): Rounds {
  return startRounds({
    name: 'statistics',
    debounceMs: DEBOUNCE_MS,
    pollMs,
    log,
    round: async () => (await keeper.advance(BULK)) === BULK,
  });
}
