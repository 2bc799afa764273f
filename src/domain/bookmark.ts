import type { LogPoint } from './log-cursor.js';

/** How far a reader of the event log has come. */
export interface Bookmark {
  readonly position: bigint;
  /** The event at the position; null at the start of the log, and if the reader has seen none there. */
  readonly event: LogPoint | null;
}

/** The bookmark after an event; without one, the start of the log. */
export function bookmarkAt(event: LogPoint | null): Bookmark {
  if (event === null) return { position: 0n, event };
  const { position, orderId, occurredAt } = event;
  return { position, event: { position, orderId, occurredAt } };
}

/**
 * Whether the log still has the event of the bookmark. After a restore of the database the log can end before it, or have
 * another event at its position.
 *
 * @param found the event that the log has at the position
 */
export function isStillLogged({ event }: Bookmark, found: Omit<LogPoint, 'position'> | null): boolean {
  if (event === null) return true;
  return found?.orderId === event.orderId && found.occurredAt.getTime() === event.occurredAt.getTime();
}
