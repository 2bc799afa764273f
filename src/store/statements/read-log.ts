import type { LogPoint } from '../../domain/log-cursor.js';
import type { EventFilter, LatestEvents, StartPoint } from '../../orders/interfaces/event-log.js';
import type { ReadQueryable } from '../../database/database.js';
import { namesOf, resultTypes, selectList } from '../columns.js';
import { EVENT_COLUMNS, toLoggedEvent, type EventRow } from '../event-columns.js';
import { query, readRows, type Query } from '../statement.js';

interface PointRow {
  readonly position: bigint;
  readonly orderId: string;
  readonly occurredAt: Date;
}

const POINT_COLUMNS = { position: 'bigint', orderId: 'uuid', occurredAt: 'timestamptz(3)' } as const;
const POINT = 'e.position, e.order_id AS "orderId", e.occurred_at AS "occurredAt"';

export async function readPoint(db: ReadQueryable, position: bigint): Promise<LogPoint | null> {
  const [point = null] = await readRows(db, READ_POINT, position);
  return point;
}

export const READ_POINT = query<PointRow>(
  `SELECT ${POINT} FROM order_events e WHERE e.position = $1::bigint`,
  POINT_COLUMNS,
);

export async function readEnd(db: ReadQueryable): Promise<LogPoint | null> {
  const [end = null] = await readRows(db, READ_END);
  return end;
}

/** Reads one entry from the end of the index of positions. */
export const READ_END = query<PointRow>(
  `SELECT ${POINT} FROM order_events e WHERE e.position IS NOT NULL ORDER BY e.position DESC LIMIT 1`,
  POINT_COLUMNS,
);

/** @param limit the maximum number of events without a position */
export async function readStartPoint(db: ReadQueryable, limit: number): Promise<StartPoint> {
  const rows = await readRows(db, READ_START_POINT, limit);
  const end = rows.find(({ position }) => position !== null);
  return {
    end: end === undefined ? null : toLoggedEvent(end),
    pending: rows.filter(({ position }) => position === null),
  };
}

/** One statement, so that an event is in the log, among those without a position, or not yet committed. */
export const READ_START_POINT = query<EventRow>(
  `
(SELECT ${selectList(EVENT_COLUMNS, 'e')} FROM order_events e WHERE e.position IS NOT NULL ORDER BY e.position DESC LIMIT 1)
UNION ALL
(SELECT ${namesOf(EVENT_COLUMNS, 'e')} FROM order_events e WHERE e.position IS NULL
  ORDER BY e.order_id, e.version LIMIT $1::int)`,
  resultTypes(EVENT_COLUMNS),
);

/** The latest matching event of each existing order. The filter must have an order or a customer. */
export async function readLatest(db: ReadQueryable, filter: EventFilter): Promise<LatestEvents> {
  const { orderId, customerId, kinds } = filter;
  const rows = await readRows(db, latestQuery(filter), orderId, customerId, kinds);
  const events = rows.filter(({ role }) => role === 'event').map(({ role: _role, ...row }) => toLoggedEvent(row));
  const end = rows.find(({ role }) => role === 'end');
  return {
    events: events.toSorted((one, other) => Number(one.position - other.position)),
    end: end === undefined ? null : { ...end, position: end.position as bigint },
  };
}

type LatestRow = EventRow & { readonly role: 'event' | 'end' };

export function latestQuery({ orderId, customerId }: EventFilter): Query<LatestRow> {
  const orders = [
    'o.deleted_at IS NULL',
    ...(orderId === null ? [] : ['o.id = $1::uuid']),
    ...(customerId === null ? [] : ['o.customer_id = $2::text']),
  ];
  return query<LatestRow>(
    `
SELECT 'event' AS role, ${selectList(EVENT_COLUMNS, 'l')}
FROM orders o CROSS JOIN LATERAL (
  SELECT ${namesOf(EVENT_COLUMNS, 'e')} FROM order_events e
  WHERE e.order_id = o.id AND e.position IS NOT NULL AND ($1::uuid IS NULL OR e.order_id = $1::uuid)
    AND ($2::text IS NULL OR e.customer_id = $2::text)
    AND ($3::text[] IS NULL OR coalesce(e.to_status::text, e.type::text) = any($3::text[]))
  ORDER BY e.version DESC LIMIT 1
) l
WHERE ${orders.join(' AND ')}
UNION ALL (
  SELECT 'end', ${namesOf(EVENT_COLUMNS, 'e')} FROM order_events e WHERE e.position IS NOT NULL
  ORDER BY e.position DESC LIMIT 1
)`,
    { ...resultTypes(EVENT_COLUMNS), role: 'text' },
  );
}
