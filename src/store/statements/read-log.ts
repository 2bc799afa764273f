import type { LogPoint } from '../../domain/log-cursor.js';
import type { ReadQueryable } from '../../database/database.js';
import { query, readRows } from '../statement.js';

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
