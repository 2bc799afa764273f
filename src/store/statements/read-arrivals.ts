import type { Queryable } from '../../database/database.js';
import type { OrderStatus } from '../../domain/lifecycle.js';
import { FULFILMENT_ACTOR } from '../../domain/viewer.js';
import type { Arrival } from '../../orders/interfaces/arrival.js';
import type { EventRange } from '../../orders/interfaces/event-log.js';
import { query, readRows } from '../statement.js';

/** The orders that were created, or brought into one of the statuses by fulfilment itself, in a range of the log. */
export async function readArrivals(
  db: Queryable,
  { after, upTo }: EventRange,
  statuses: readonly OrderStatus[],
): Promise<Arrival[]> {
  const { subject, kind } = FULFILMENT_ACTOR;
  return readRows(db, READ_ARRIVALS, after, upTo, statuses, subject, kind);
}

export const READ_ARRIVALS = query<Arrival>(
  `
SELECT e.order_id AS "orderId", e.to_status AS status, e.occurred_at AS at, e.traceparent FROM order_events e
WHERE e.position > $1::bigint AND e.position <= $2::bigint AND e.to_status = any($3::order_status[])
  AND (e.type = 'CREATED' OR (e.type = 'STATUS_CHANGED' AND e.actor = $4::text AND e.actor_kind = $5::text))
ORDER BY e.position`,
  { orderId: 'uuid', status: 'order_status', at: 'timestamptz(3)', traceparent: 'text' },
);
