import type { LoggedEvent } from '../../domain/order-event.js';

/** The log of all events: positions are dense, given after commit, and never appear behind one that was seen. */
export interface LogStore {
  /**
   * Gives positions to at most `limit` committed events that have none.
   *
   * @param orderIds only the events of these orders: costs the same however large the log is; null looks everywhere
   * @returns how many, or `taken` where another process is at it
   */
  sequence(limit: number, orderIds: readonly string[] | null): Promise<number | 'taken'>;
  lastPosition(): Promise<bigint>;
  /** At most `limit` events behind a position, without a gap. */
  read(after: bigint, limit: number): Promise<LoggedEvent[]>;
}
