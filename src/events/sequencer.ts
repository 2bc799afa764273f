import type { Logger } from 'pino';
import type { LogStore } from '../orders/interfaces/event-log.js';
import { startPollLoop } from './poll-loop.js';

const BULK = 2_000;
/** A full look rests this many times as long as it took. */
const REST = 20;

export interface SequencerOptions {
  readonly store: Pick<LogStore, 'sequence'>;
  readonly debounceMs: number;
  readonly pollMs: number;
  /** Called after positions were given. */
  readonly onSequenced: () => void;
  readonly log: Logger;
}

export interface Sequencer {
  /** Tells that events of these orders have been committed. */
  readonly wake: (orderIds: readonly string[]) => void;
  /** Ends, after a last try to sequence what this process has committed. */
  readonly close: () => Promise<void>;
}

/**
 * Gives committed events their places in the log. What this process has committed is looked up by order, at once and at
 * the same cost always; a full look from time to time finds what a process left that ended between a commit and this.
 */
export function startSequencer({ store, debounceMs, pollMs, onSequenced, log }: SequencerOptions): Sequencer {
  const committed = new Set<string>();
  let fullLookAt = 0;

  async function sequence(orderIds: readonly string[] | null): Promise<number | 'taken'> {
    const given = await store.sequence(BULK, orderIds);
    if (typeof given === 'number' && given > 0) onSequenced();
    return given;
  }

  /** @returns whether there is more to do soon; where another process is at it, ours may be later than its snapshot */
  async function sequenceCommitted(): Promise<boolean> {
    if (committed.size === 0) return false;
    const orderIds = [...committed].slice(0, BULK);
    for (const orderId of orderIds) committed.delete(orderId); // before the look: what is committed meanwhile comes anew
    let given: number | 'taken' = 'taken';
    try {
      given = await sequence(orderIds);
    } finally {
      if (given === 'taken' || given === BULK) for (const orderId of orderIds) committed.add(orderId);
    }
    return committed.size > 0;
  }

  /** @returns whether there is more to do soon */
  async function lookEverywhere(): Promise<boolean> {
    if (performance.now() < fullLookAt) return false;
    const began = performance.now();
    let given: number | 'taken' = 0;
    try {
      given = await sequence(null);
    } finally {
      const ended = performance.now();
      // A look that fails rests too: at once again it would only delay the looks by order.
      if (given !== 'taken' && given !== BULK) fullLookAt = ended + Math.max(pollMs, REST * (ended - began));
    }
    return given === 'taken' || given === BULK;
  }

  /** The failure of one look does not affect the other. */
  async function attempt(look: () => Promise<boolean>): Promise<boolean> {
    try {
      return await look();
    } catch (cause) {
      log.warn({ err: cause }, 'sequencer: assigning positions failed; retrying');
      return false;
    }
  }

  const rounds = startPollLoop({
    name: 'sequencer',
    debounceMs,
    pollMs,
    log,
    // Both in each round: no amount of commits delays the full look, and no full look keeps commits from the log.
    async round() {
      const moreCommitted = await attempt(sequenceCommitted);
      const moreElsewhere = await attempt(lookEverywhere);
      return moreCommitted || moreElsewhere;
    },
  });
  return {
    wake(orderIds) {
      for (const orderId of orderIds) committed.add(orderId);
      rounds.wake();
    },
    async close() {
      await rounds.close();
      try {
        if (committed.size > 0) await sequence([...committed]);
      } catch (cause) {
        log.warn(
          { err: cause },
          'sequencer: shutdown left events without a position; another server or the next start assigns them',
        );
      }
    },
  };
}
