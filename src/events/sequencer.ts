import type { Logger } from 'pino';
import type { EventLog } from '../orders/interfaces/event-log.js';
import { startPollLoop } from './poll-loop.js';

const BATCH_SIZE = 2_000;
/** The pause after a full scan, in durations of the scan. */
const SCAN_PAUSE = 20;

export interface SequencerOptions {
  readonly eventLog: Pick<EventLog, 'sequence'>;
  readonly debounceMs: number;
  readonly pollMs: number;
  /** Called after positions were assigned. */
  readonly onSequenced: () => void;
  readonly log: Logger;
}

export interface Sequencer {
  /** Requests positions for the committed events of these orders. */
  readonly wake: (orderIds: readonly string[]) => void;
  /** Stops, after a last attempt to sequence what this process has committed. */
  readonly close: () => Promise<void>;
}

/**
 * Assigns committed events their positions in the log. Events that this process has committed are looked up by order,
 * at once and at a constant cost. A full scan at intervals finds the events of processes that ended between a commit
 * and its lookup.
 */
export function startSequencer({ eventLog, debounceMs, pollMs, onSequenced, log }: SequencerOptions): Sequencer {
  const committed = new Set<string>();
  let scanAt = 0;

  async function sequence(orderIds: readonly string[] | null): Promise<number | 'locked'> {
    const assigned = await eventLog.sequence(BATCH_SIZE, orderIds);
    if (typeof assigned === 'number' && assigned > 0) onSequenced();
    return assigned;
  }

  /** @returns whether more is to do soon: the snapshot of another process that holds the lock may lack our events */
  async function sequenceCommitted(): Promise<boolean> {
    if (committed.size === 0) return false;
    const orderIds = [...committed].slice(0, BATCH_SIZE);
    for (const orderId of orderIds) committed.delete(orderId); // first: commits during the lookup add their orders again
    let assigned: number | 'locked' = 'locked';
    try {
      assigned = await sequence(orderIds);
    } finally {
      if (assigned === 'locked' || assigned === BATCH_SIZE) for (const orderId of orderIds) committed.add(orderId);
    }
    return committed.size > 0;
  }

  /** @returns whether more is to do soon */
  async function scanAll(): Promise<boolean> {
    if (performance.now() < scanAt) return false;
    const began = performance.now();
    let assigned: number | 'locked' = 0;
    try {
      assigned = await sequence(null);
    } finally {
      const ended = performance.now();
      // After a failed scan too: repeated at once, it would only delay the lookups by order.
      if (assigned !== 'locked' && assigned !== BATCH_SIZE)
        scanAt = ended + Math.max(pollMs, SCAN_PAUSE * (ended - began));
    }
    return assigned === 'locked' || assigned === BATCH_SIZE;
  }

  /** A failed step does not affect the other one. */
  async function attempt(step: () => Promise<boolean>): Promise<boolean> {
    try {
      return await step();
    } catch (cause) {
      log.warn({ err: cause }, 'sequencer: assigning positions failed; retrying');
      return false;
    }
  }

  const pollLoop = startPollLoop({
    name: 'sequencer',
    debounceMs,
    pollMs,
    log,
    // Both in each poll: commits never delay the full scan, and the scan never delays commits.
    async poll() {
      const moreCommitted = await attempt(sequenceCommitted);
      const moreFound = await attempt(scanAll);
      return moreCommitted || moreFound;
    },
  });
  return {
    wake(orderIds) {
      for (const orderId of orderIds) committed.add(orderId);
      pollLoop.wake();
    },
    async close() {
      await pollLoop.close();
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
