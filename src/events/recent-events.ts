import type { LoggedEvent } from '../domain/order-event.js';

/** Number of published events that are kept at least. It covers those that are published while a page of the log is read. */
const KEPT = 1_000;

/** The last published events: a subscriber that has read the log up to one of them continues here without a gap. */
export interface RecentEvents {
  readonly add: (event: LoggedEvent) => void;
  /** Continues after a position, without the events before it. */
  readonly skipTo: (position: bigint) => void;
  /** The events after a position, up to the last one; null if they are not all kept. */
  readonly after: (position: bigint) => readonly LoggedEvent[] | null;
}

export function createRecentEvents(): RecentEvents {
  let events: LoggedEvent[] = [];
  /** All events after this position are kept. */
  let from = 0n;
  return {
    add(event) {
      events.push(event);
      if (events.length < 2 * KEPT) return;
      from = events[KEPT - 1]?.position ?? from;
      events = events.slice(KEPT);
    },
    skipTo(position) {
      events = [];
      from = position;
    },
    after(position) {
      if (position < from) return null;
      let start = events.length;
      while (start > 0 && (events[start - 1]?.position ?? 0n) > position) start -= 1;
      return events.slice(start);
    },
  };
}
