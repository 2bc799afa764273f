import type { Logger } from 'pino';
import type { StatsKeeper } from '../../orders/interfaces/order-statistics.js';
import { startPollLoop, type PollLoop } from '../poll-loop.js';

const BULK = 2_000;
/** How often the events that are not counted yet are counted, however few there are. */
const LEISURE_MS = 60_000;

export interface StatisticsOptions {
  readonly keeper: StatsKeeper;
  readonly pollMs: number;
  readonly leisureMs?: number;
  readonly log: Logger;
}

export interface StatisticsRounds extends Pick<PollLoop, 'close'> {
  /** Called with the number of events that the log has grown by. */
  readonly grown: (events: number) => void;
}

/**
 * Counts the events of the log, many at a time: readings count the latest themselves, and a row that is updated for
 * every few events has as many dead versions as an old open transaction keeps. One process at a time counts.
 */
export function startStatistics({ keeper, pollMs, leisureMs = LEISURE_MS, log }: StatisticsOptions): StatisticsRounds {
  let leisureAt = performance.now() + leisureMs;
  let grownBy = 0;
  const rounds = startPollLoop({
    name: 'statistics',
    debounceMs: 0,
    pollMs,
    log,
    async round() {
      const isDue = performance.now() >= leisureAt;
      const counted = await keeper.advance(BULK, isDue ? 1 : BULK);
      if (isDue || counted > 0) leisureAt = performance.now() + leisureMs;
      return counted === BULK;
    },
  });
  return {
    grown(events) {
      grownBy += events;
      if (grownBy < BULK / 2) return; // half, since what is counted rarely ends where this process began
      grownBy = 0;
      rounds.wake();
    },
    close: () => rounds.close(),
  };
}
