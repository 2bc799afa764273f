import type { Logger } from 'pino';
import type { LogStore } from '../orders/ports.js';
import { startRounds } from './rounds.js';

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

  async function lookEverywhere(): Promise<boolean> {
    const began = performance.now();
    const given = await sequence(null);
    if (given === 'taken' || given === BULK) return true;
    const took = performance.now() - began;
    fullLookAt = performance.now() + Math.max(pollMs, REST * took);
    return false;
  }

  const rounds = startRounds({
    name: 'sequencer',
    debounceMs,
    pollMs,
    log,
    async round() {
      // First, however busy this process is: nobody else may be there to find what another one left.
      if (performance.now() >= fullLookAt) return (await lookEverywhere()) || committed.size > 0;
      return committed.size > 0 ? sequenceCommitted() : false;
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
        log.warn({ err: cause }, 'the last events were not sequenced; another server or the next start does it');
      }
    },
  };
}
