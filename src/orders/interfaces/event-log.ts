import type { Bookmark } from '../../domain/bookmark.js';
import type { LogPoint } from '../../domain/log-cursor.js';
import type { LoggedEvent } from '../../domain/order-event.js';

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
  /** Reads at most `limit` events behind a bookmark. */
  readBehind(bookmark: Bookmark, limit: number): Promise<LogPart | 'rewound'>;
  /** Passes over at most `limit` events behind a bookmark. Its cost is that of one event and of the index entries. */
  skipBehind(bookmark: Bookmark, limit: number): Promise<LogSkip | 'rewound'>;
}

/*
 * `rewound` means that the log no longer has the event of the bookmark: the database was restored to an earlier state, or
 * a failover has lost events.
 */

/** Events without a gap. */
export interface LogPart {
  readonly events: readonly LoggedEvent[];
  /** The missing position that the events end at, if the log has events behind it; else null. */
  readonly gapAt: bigint | null;
}

export interface LogSkip {
  /** The last event that was passed over; null if there was none. */
  readonly end: LogPoint | null;
  /** Whether a position between the bookmark and `end` is missing. */
  readonly hasGap: boolean;
}

/** A part of the log: the events behind `after`, up to and including `upTo`. */
export interface EventRange {
  readonly after: bigint;
  readonly upTo: bigint;
}
