import type { Logger } from 'pino';
import type { LogStore } from '../orders/ports.js';
import { startRounds, type Rounds } from './rounds.js';

const BULK = 2_000;

export interface SequencerOptions {
  readonly store: Pick<LogStore, 'sequence'>;
  readonly debounceMs: number;
  readonly pollMs: number;
  /** Called after positions were given. */
  readonly onSequenced: () => void;
  readonly log: Logger;
}

/** Gives committed events their places in the log, whichever process stored them. Wake it after each commit. */
export function startSequencer({ store, debounceMs, pollMs, onSequenced, log }: SequencerOptions): Rounds {
  return startRounds({
    name: 'sequencer',
    debounceMs,
    pollMs,
    log,
    async round() {
      const given = await store.sequence(BULK);
      if (given === 'taken') return true; // our events may be later than the holder's snapshot, so ask again
      if (given > 0) onSequenced();
      return given === BULK;
    },
  });
}
