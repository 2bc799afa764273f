import type { LoggedEvent } from '../../domain/order-event.js';
import type { EventFilter, EventPage, EventPageKey } from '../../orders/interfaces/event-log.js';
import type { ReadQueryable } from '../../database/database.js';
import { namesOf, resultTypes, selectList } from '../columns.js';
import { EVENT_COLUMNS, toLoggedEvent, type EventRow } from '../event-columns.js';
import { query, readRows, type Query } from '../statement.js';

/** Maximum number of events of an order, of a customer or of the log that are scanned for the matching events of one page. */
export const MAX_SCANNED = 10_000;

/** Keys of one shape are read by one statement. */
export function shapeOfPage({ filter: { kinds, orderId, customerId }, limit }: EventPageKey): string {
  return JSON.stringify([kinds, limit, orderId !== null, customerId !== null]);
}

export function memberOfPage({ filter: { orderId, customerId }, after }: EventPageKey): string {
  return JSON.stringify([after.toString(), orderId, customerId]);
}

/**
 * Maximum number of keys in one statement. Each caller waits for all of its rows, which are decoded in one turn of the
 * event loop, and for its scans.
 */
export function maxKeysOfPage({ filter, limit }: EventPageKey): number {
  const byRows = Math.floor(MAX_ROWS / (limit + FIXED_ROWS));
  return Math.max(1, isScanned(filter) ? Math.min(byRows, MAX_SCANS) : byRows);
}

const MAX_ROWS = 2_000;
/** The rows of a page besides its events. */
const FIXED_ROWS = 2;
/** Maximum number of scans in one statement. */
const MAX_SCANS = 4;

/** Whether the statement of a filter scans events that do not match. */
function isScanned({ kinds, orderId, customerId }: EventFilter): boolean {
  if (kinds?.length === 0) return false; // nothing matches, as in the filter of a foreign customer
  return kinds !== null || (orderId !== null && customerId !== null);
}

/** The pages of keys of one shape. The whole statement has one snapshot. */
export async function readEventPages(db: ReadQueryable, keys: readonly EventPageKey[]): Promise<EventPage[]> {
  const [first] = keys;
  if (first === undefined) return [];
  const { filter, limit } = first;
  const values = [
    keys.map(({ after }) => after),
    keys.map((key) => key.filter.orderId),
    keys.map((key) => key.filter.customerId),
    limit,
    ...(filter.kinds === null ? [] : [filter.kinds]),
  ];
  const rows = await readRows(db, pageQuery(filter), ...values);
  const end = rows.find(({ role }) => role === 'end');
  const byKey = Map.groupBy(rows, ({ key }) => key);
  return keys.map((_, index) => pageOf(byKey.get(index + 1) ?? [], end ?? null, limit));
}

/** `event`: of the page. `after`: at the position after which it begins. `scanned`: the last one of a scan that stopped early. */
type PageRow = EventRow & { readonly key: number; readonly role: 'event' | 'after' | 'scanned' | 'end' };

function pageOf(rows: readonly PageRow[], end: PageRow | null, limit: number): EventPage {
  const ofRole = (role: PageRow['role']) => rows.filter((row) => row.role === role).map(eventOf);
  const events = ofRole('event').toSorted((one, other) => Number(one.position - other.position));
  const [after = null] = ofRole('after');
  const [scanned = null] = ofRole('scanned');
  const last = events.length >= limit ? (events.at(-1) ?? null) : scanned;
  const endOfLog = end === null ? null : eventOf(end);
  return { events, after, scannedTo: last ?? endOfLog, isLast: last === null && events.length < limit, end: endOfLog };
}

function eventOf({ key: _key, role: _role, ...row }: PageRow): LoggedEvent {
  return toLoggedEvent(row);
}

/**
 * Each key scans one index: positions, those of a customer, or the primary key, because the events of an order have their
 * positions in the order of their versions. The scan stops when the page is full, or after MAX_SCANNED events.
 */
export function pageQuery(filter: EventFilter): Query<PageRow> {
  const { kinds, orderId, customerId } = filter;
  const ofOrder = `e.order_id = k.order_id AND e.version > coalesce(
        (SELECT a.version FROM order_events a WHERE a.position = k.after AND a.order_id = k.order_id), 0)`;
  const ofCustomer = 'e.customer_id = k.customer_id';
  const conditions = [
    ...(orderId === null ? [] : [ofOrder]),
    ...(orderId === null && customerId !== null ? [ofCustomer] : []),
    'e.position > k.after',
  ];
  const matches = [
    ...(orderId !== null && customerId !== null ? ['s.customer_id = k.customer_id'] : []),
    ...(kinds === null ? [] : ['coalesce(s.to_status::text, s.type::text) = any($5::text[])']),
  ];
  const isFiltered = matches.length > 0;
  const scans = isScanned(filter);
  const order = orderId === null ? 'position' : 'version';
  const scan = `SELECT ${namesOf(EVENT_COLUMNS, 'e')} FROM order_events e
      WHERE ${conditions.join(' AND ')}
      ORDER BY e.${order}`;
  const page = `SELECT s.* FROM (${scan} LIMIT ${scans ? MAX_SCANNED : '$4::int'}) s
    ${isFiltered ? `WHERE ${matches.join(' AND ')}` : ''} ORDER BY s.${order} LIMIT $4::int`;
  const scanned = `UNION ALL SELECT 'scanned', s.* FROM (
      ${scan} OFFSET (SELECT CASE WHEN count(*) < $4::int THEN ${MAX_SCANNED - 1} END FROM page) LIMIT
      (SELECT CASE WHEN count(*) < $4::int THEN 1 ELSE 0 END FROM page)) s`;
  return query<PageRow>(
    `
SELECT k.key::integer, r.role, ${selectList(EVENT_COLUMNS, 'r')}
FROM unnest($1::bigint[], $2::uuid[], $3::text[]) WITH ORDINALITY AS k(after, order_id, customer_id, key)
CROSS JOIN LATERAL (
  WITH page AS MATERIALIZED (${page})
  SELECT 'event' AS role, p.* FROM page p
  UNION ALL SELECT 'after', ${namesOf(EVENT_COLUMNS, 'a')} FROM order_events a WHERE a.position = k.after
  ${scans ? scanned : ''}
) r
UNION ALL (
  SELECT 0, 'end', ${namesOf(EVENT_COLUMNS, 'l')} FROM order_events l WHERE l.position IS NOT NULL
  ORDER BY l.position DESC LIMIT 1
)`,
    { ...resultTypes(EVENT_COLUMNS), key: 'integer', role: 'text' },
  );
}
