import type { ReadQueryable } from '../../database/database.js';
import { isStillLogged, type Bookmark } from '../../domain/bookmark.js';
import type { LogPoint } from '../../domain/log-cursor.js';
import type { LoggedEvent } from '../../domain/order-event.js';
import type { LogPart, LogSkip } from '../../orders/interfaces/event-log.js';
import { resultTypes, selectList } from '../columns.js';
import { EVENT_COLUMNS, toLoggedEvent, type EventRow } from '../event-columns.js';
import { query, readRows } from '../statement.js';

/*
 * Each statement reads the event of the bookmark together with the events after it: both are from one snapshot, so a
 * reader never gets events of a log that was rewound meanwhile.
 */

/** Stops before the first missing position. */
export async function readBehind(db: ReadQueryable, bookmark: Bookmark, limit: number): Promise<LogPart | 'rewound'> {
  const rows = await readRows(db, READ_FROM, bookmark.position, limit + 1);
  const found = rows[0]?.position === bookmark.position ? rows.shift() : undefined;
  if (!isStillLogged(bookmark, found ?? null)) return 'rewound';
  const events: LoggedEvent[] = [];
  for (const row of rows.slice(0, limit)) {
    const position = bookmark.position + BigInt(events.length) + 1n;
    if (row.position !== position) return { events, gapAt: position };
    events.push(toLoggedEvent(row));
  }
  return { events, gapAt: null };
}

export const READ_FROM = query<EventRow>(
  `
SELECT ${selectList(EVENT_COLUMNS, 'e')} FROM order_events e
WHERE e.position >= $1::bigint
ORDER BY e.position
LIMIT $2::int`,
  resultTypes(EVENT_COLUMNS),
);

export async function skipBehind(db: ReadQueryable, bookmark: Bookmark, limit: number): Promise<LogSkip | 'rewound'> {
  const [row] = await readRows(db, SKIP_BEHIND, bookmark.position, limit);
  const {
    count = 0,
    endPosition = null,
    endOrderId = null,
    endAt = null,
    orderId = null,
    occurredAt = null,
  } = row ?? {};
  if (!isStillLogged(bookmark, pointOf(bookmark.position, orderId, occurredAt))) return 'rewound';
  const end = pointOf(endPosition, endOrderId, endAt);
  return { end, hasGap: end !== null && end.position - bookmark.position !== BigInt(count) };
}

function pointOf(position: bigint | null, orderId: string | null, occurredAt: Date | null): LogPoint | null {
  return position === null || orderId === null || occurredAt === null ? null : { position, orderId, occurredAt };
}

interface SkipRow {
  /** Events after the bookmark, up to the limit. The last of them is `end…`. */
  readonly count: number;
  readonly endPosition: bigint | null;
  readonly endOrderId: string | null;
  readonly endAt: Date | null;
  /** The event of the bookmark. */
  readonly orderId: string | null;
  readonly occurredAt: Date | null;
}

export const SKIP_BEHIND = query<SkipRow>(
  `
SELECT b.count, l.position AS "endPosition", l.order_id AS "endOrderId", l.occurred_at AS "endAt",
  k.order_id AS "orderId", k.occurred_at AS "occurredAt"
FROM (
  SELECT count(*)::int AS count, max(p.position) AS last
  FROM (SELECT position FROM order_events WHERE position > $1::bigint ORDER BY position LIMIT $2::int) p
) b
LEFT JOIN order_events l ON l.position = b.last
LEFT JOIN order_events k ON k.position = $1::bigint`,
  {
    count: 'integer',
    endPosition: 'bigint',
    endOrderId: 'uuid',
    endAt: 'timestamptz(3)',
    orderId: 'uuid',
    occurredAt: 'timestamptz(3)',
  },
);
