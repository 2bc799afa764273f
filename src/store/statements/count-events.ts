import type { Queryable } from '../../database/database.js';
import type { EventRange } from '../../orders/interfaces/event-log.js';
import { command, execute } from '../statement.js';
import { DURATIONS_OF_LOGGED, loggedEvents, ORDERS_OF_LOGGED } from './statistics-of-events.js';

/** Adds the events of the range to the rows of the statistics. */
export async function countEvents(tx: Queryable, { after, upTo }: EventRange): Promise<void> {
  await execute(tx, COUNT_ORDERS, after, upTo);
  await execute(tx, COUNT_DURATIONS, after, upTo);
}

const LOGGED = `logged AS MATERIALIZED (${loggedEvents('$1::bigint', '$2::bigint', '$2::bigint - $1::bigint')})`;

export const COUNT_ORDERS = command(`
WITH ${LOGGED}
INSERT INTO order_stats AS s (grain, starts_at, currency, status, count, gross)
${ORDERS_OF_LOGGED}
ON CONFLICT (grain, starts_at, currency, status)
DO UPDATE SET count = s.count + excluded.count, gross = s.gross + excluded.gross`);

export const COUNT_DURATIONS = command(`
WITH ${LOGGED}
INSERT INTO order_stats_durations AS s (grain, starts_at, bucket, count, total_ms)
${DURATIONS_OF_LOGGED}
ON CONFLICT (grain, starts_at, bucket)
DO UPDATE SET count = s.count + excluded.count, total_ms = s.total_ms + excluded.total_ms`);
