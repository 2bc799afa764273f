import type { ReadQueryable } from '../../database/database.js';
import { query, readRows } from '../statement.js';
import { LAST_POSITION } from './sequence-events.js';

/** The progress of the sequencer. */
export interface LogMeasure {
  readonly position: bigint;
  /** Committed events without a position, at most `limit`. */
  readonly unsequenced: number;
  /** Age of the oldest of them; null without one. */
  readonly unsequencedMs: number | null;
}

/** @param limit the maximum number of events without a position that are counted */
export async function measureLog(db: ReadQueryable, limit: number): Promise<LogMeasure> {
  const [row] = await readRows(db, MEASURE_LOG, limit);
  if (row === undefined) throw new Error('the event log was not measured');
  return row;
}

/** Reads one entry from the end of the index of positions, and the index of the events without one. */
export const MEASURE_LOG = query<LogMeasure>(
  `
SELECT l.position, count(u.occurred_at)::int AS unsequenced,
  (extract(epoch FROM clock_timestamp() - min(u.occurred_at)) * 1000)::float8 AS "unsequencedMs"
FROM (${LAST_POSITION.sql}) l
LEFT JOIN (
  SELECT e.occurred_at FROM order_events e WHERE e.position IS NULL LIMIT $1::int
) u ON true
GROUP BY l.position`,
  { position: 'bigint', unsequenced: 'integer', unsequencedMs: 'double precision' },
);
