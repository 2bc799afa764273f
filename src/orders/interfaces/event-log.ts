import type { Bookmark } from '../../domain/bookmark.js';
import type { LogPoint } from '../../domain/log-cursor.js';
import type { StoredPayload } from '../../domain/order-event-message.js';
import type { EventKind, LoggedEvent, OrderEvent } from '../../domain/order-event.js';

/** All events in one sequence. Positions are dense and assigned after commit, so no event appears before one that was read. */
export interface EventLog {
  /**
   * Assigns positions to at most `limit` committed events that have none.
   *
   * @param orderIds only the events of these orders: the cost does not depend on the size of the log. Null scans all events
   * @returns the number of events, or `locked` while another process assigns positions
   */
  sequence(limit: number, orderIds: readonly string[] | null): Promise<number | 'locked'>;
  /** The point of a position; null if no event has it. */
  pointAt(position: bigint): Promise<LogPoint | null>;
  /** The end of the log; null if it is empty. */
  end(): Promise<LogPoint | null>;
  /** Reads at most `limit` events after a bookmark. */
  readBehind(bookmark: Bookmark, limit: number): Promise<LogPart | 'rewound'>;
  /** Passes over at most `limit` events after a bookmark. Its cost is that of one event and of the index entries. */
  skipBehind(bookmark: Bookmark, limit: number): Promise<LogSkip | 'rewound'>;
}

/*
 * `rewound` means that the log no longer has the event of the bookmark: the database was restored to an earlier state, or
 * a failover has lost events.
 */

/** Events without a gap. */
export interface LogPart {
  readonly events: readonly LoggedEvent[];
  /** The missing position that the events end at, if the log has events after it; else null. */
  readonly gapAt: bigint | null;
}

export interface LogSkip {
  /** The last event that was passed over; null if there was none. */
  readonly end: LogPoint | null;
  /** Whether a position between the bookmark and `end` is missing. */
  readonly hasGap: boolean;
}

/** A part of the log: the events after `after`, up to and including `upTo`. */
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

/** A filter of events. Every condition must hold; null is no condition. */
export interface EventFilter {
  readonly orderId: string | null;
  readonly customerId: string | null;
  /** No event matches an empty list. */
  readonly kinds: readonly EventKind[] | null;
}

/** The first `limit` events of a filter after a position. */
export interface EventPageKey {
  readonly filter: EventFilter;
  readonly after: bigint;
  readonly limit: number;
}

/** A page of the log. All parts are from one snapshot. */
export interface EventPage {
  readonly events: readonly LoggedEvent[];
  /** The event at the position after which the page begins; null if there is none. */
  readonly after: LogPoint | null;
  /** How far the log was scanned; null if the log ends at `after`. The next page begins here. */
  readonly scannedTo: LogPoint | null;
  /** Whether the log was scanned to its end. A page without it may have fewer events than `limit`, even none. */
  readonly isLast: boolean;
  /** The end of the log; null if it is empty. */
  readonly end: LogPoint | null;
}

/** A committed event without a position. */
export type PendingEvent = Pick<OrderEvent, 'orderId' | 'version' | 'customerId' | 'to' | 'type'>;

/** Everything that is committed, from one snapshot: the log up to its end, and the events without a position. */
export interface StartPoint {
  readonly end: LogPoint | null;
  readonly pending: readonly PendingEvent[];
}

/** The latest event of each order that exists, by position, and the end of the log, from one snapshot. */
export interface LatestEvents {
  readonly events: readonly LoggedEvent[];
  readonly end: LogPoint | null;
}
