import type { LoggedEvent } from '../../domain/order-event.js';
import type { Queryable } from '../../database/database.js';
import { resultTypes, selectList } from '../columns.js';
import { EVENT_COLUMNS, toEvent, type EventRow } from '../event-columns.js';
import { command, execute, query, readRows } from '../statement.js';

/**
 * Takes the sequencer's row for this transaction, with short time-outs so that a holder that hangs cannot stop the log.
 * The row is a lock and nothing else: it is never updated, so an old open transaction keeps no versions of it.
 *
 * @returns false where another process holds the row
 */
export async function lockSequencer(tx: Queryable): Promise<boolean> {
  return (await readRows(tx, LOCK_SEQUENCER)).length > 0;
}

export const LOCK_SEQUENCER = query<{ readonly statementTimeout: string; readonly idleTimeout: string }>(
  `
SELECT set_config('statement_timeout', '5000', true) AS "statementTimeout",
  set_config('idle_in_transaction_session_timeout', '2000', true) AS "idleTimeout"
FROM event_sequencer s WHERE s.id = 1
FOR UPDATE SKIP LOCKED`,
  { statementTimeout: 'text', idleTimeout: 'text' },
);

/**
 * Gives the next positions to committed events that have none, by order and version and never by time. A statement of
 * its own behind the lock, so that its snapshot sees all that earlier holders did, their last position too.
 *
 * @param orderIds only the events of these orders, or null for all: a look that also has to step over every index entry
 *   that an old open transaction keeps from being removed
 * @returns how many were given
 */
export async function assignPositions(
  tx: Queryable,
  limit: number,
  orderIds: readonly string[] | null,
): Promise<number> {
  if (orderIds === null) return execute(tx, ASSIGN_POSITIONS, limit);
  return execute(tx, ASSIGN_POSITIONS_OF_ORDERS, limit, orderIds);
}

/** One step into the index of positions, from its end. */
export const LAST_POSITION = query<{ readonly position: bigint }>(
  'SELECT coalesce(max(e.position), 0) AS position FROM order_events e',
  { position: 'bigint' },
);

const assignPositionsWhere = (condition: string) =>
  command(`
UPDATE order_events e SET position = l.position + n.place
FROM (
  SELECT u.order_id, u.version, row_number() OVER (ORDER BY u.order_id, u.version) AS place
  FROM (
    SELECT order_id, version FROM order_events
    WHERE position IS NULL${condition}
    ORDER BY order_id, version
    LIMIT $1::int
  ) u
) n, (${LAST_POSITION.sql}) l
WHERE e.order_id = n.order_id AND e.version = n.version`);

export const ASSIGN_POSITIONS = assignPositionsWhere('');
export const ASSIGN_POSITIONS_OF_ORDERS = assignPositionsWhere(' AND order_id = any($2::uuid[])');

export async function lastPosition(db: Queryable): Promise<bigint> {
  const [row] = await readRows(db, LAST_POSITION);
  return row?.position ?? 0n;
}

/** The log from a position on, in order and without a gap: it stops before the first position that is not there yet. */
export async function readLog(db: Queryable, after: bigint, limit: number): Promise<LoggedEvent[]> {
  const rows = await readRows(db, READ_LOG, after, limit);
  const events: LoggedEvent[] = [];
  for (const row of rows) {
    const position = after + BigInt(events.length) + 1n;
    if (row.position !== position) break;
    events.push({ ...toEvent(row), position });
  }
  return events;
}

export const READ_LOG = query<EventRow>(
  `
SELECT ${selectList(EVENT_COLUMNS, 'e')} FROM order_events e
WHERE e.position > $1::bigint
ORDER BY e.position
LIMIT $2::int`,
  resultTypes(EVENT_COLUMNS),
);
