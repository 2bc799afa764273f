import type { LoggedEvent } from '../../domain/order-event.js';
import type { StoredPayload } from '../../domain/order-event-message.js';

/** All events in one sequence. Positions are dense and assigned after commit, so no event appears before one that was read. */
export interface EventLog {
  /**
   * Assigns positions to at most `limit` committed events that have none.
   *
   * @param orderIds only the events of these orders: the cost does not depend on the size of the log. Null scans all events
   * @returns the number of events, or `locked` while another process assigns positions
   */
  sequence(limit: number, orderIds: readonly string[] | null): Promise<number | 'locked'>;
  lastPosition(): Promise<bigint>;
  /** At most `limit` events behind a position, without a gap. */
  read(after: bigint, limit: number): Promise<LoggedEvent[]>;
}

/** A part of the log: the events behind `after`, up to and including `upTo`. */
export interface EventRange {
  readonly after: bigint;
  readonly upTo: bigint;
}

/** What is stored with an event for the consumers of the log. */
export interface EventDetails {
  readonly orderId: string;
  readonly version: number;
  readonly payload: StoredPayload;
  /** Trace context of the request that caused the event. */
  readonly traceparent: string | null;
}
