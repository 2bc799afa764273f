import type { Queryable } from '../../database/database.js';
import { command, execute, query, readRows } from '../statement.js';

/**
 * Locks the row of the sequencer for this transaction. Short timeouts prevent a holder that hangs from stopping the
 * log. The row is only a lock: it is never updated, so long transactions retain no old versions of it.
 *
 * @returns false if another process has locked the row
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
 * Assigns the next positions to committed events without one, sorted by order and version, not by time. It must be a
 * separate statement after the lock, so that its snapshot includes the positions of earlier holders.
 *
 * @param orderIds only the events of these orders, or null for a full scan, which also reads the dead index entries
 * that a long transaction retains
 * @returns the number of assigned positions
 */
export async function assignPositions(
  tx: Queryable,
  limit: number,
  orderIds: readonly string[] | null,
): Promise<number> {
  if (orderIds === null) return execute(tx, ASSIGN_POSITIONS, limit);
  return execute(tx, ASSIGN_POSITIONS_OF_ORDERS, limit, orderIds);
}

/** Reads one entry from the end of the index of positions. */
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
