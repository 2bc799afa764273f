import { decodeLogCursor, encodeLogCursor } from '../domain/log-cursor.js';
import type { LoggedEvent } from '../domain/order-event.js';
import { checkCursor } from './event-cursor.js';
import { visibleEvents } from './event-filter.js';
import type { Caller } from './interfaces/caller.js';
import type { EventFilter } from './interfaces/event-log.js';
import type { OrderReader } from './interfaces/order-reader.js';
import { pageSize, type Page } from './page.js';

export interface EventPageRequest {
  readonly first: number | null | undefined;
  readonly after: string | null | undefined;
  readonly filter: EventFilter;
}

/** A page of the log, whose end is known even if no event of the filter is on it. */
export interface LogPage extends Page<LoggedEvent> {
  /** How far the log was scanned; null at the beginning of the log. */
  readonly endCursor: string | null;
}

/** The events after a cursor that the caller may see. @throws RequestError BAD_USER_INPUT, INVALID_CURSOR, CURSOR_EXPIRED */
export async function pageEvents(
  reader: OrderReader,
  { first, after, filter }: EventPageRequest,
  { viewer }: Caller,
): Promise<LogPage> {
  const { size } = pageSize({ first });
  const cursor = typeof after === 'string' ? decodeLogCursor(after, 'after') : null;
  const key = { filter: visibleEvents(filter, viewer), after: cursor?.position ?? 0n, limit: size + 1 };
  const found = await reader.eventPage(key); // one event more than requested shows whether there are more
  if (cursor !== null) checkCursor(cursor, { ...found, replayMax: null });
  const overflows = found.events.length > size;
  const events = found.events.slice(0, size);
  // The end of an empty page at the beginning of the log is null: the next page begins there too.
  const end = overflows ? (events.at(-1) ?? found.after) : found.scannedTo;
  return {
    edges: events.map((node) => ({ cursor: encodeLogCursor(node), node })),
    hasNextPage: overflows || !found.isLast,
    hasPreviousPage: cursor !== null,
    endCursor: end === null ? null : encodeLogCursor(end),
  };
}
