import type { StoredPayload } from '../../domain/order-event-message.js';
import type { Queryable } from '../../database/database.js';
import type { EventDetails, EventRange } from '../../orders/interfaces/event-log.js';
import { resultTypes, selectList } from '../columns.js';
import { EVENT_COLUMNS, EVENT_SOURCE_COLUMNS, type EventSource } from '../event-columns.js';
import { query, readRows } from '../statement.js';

type DetailsRow = Pick<EventSource, 'traceparent'> & {
  readonly position: bigint | null;
  readonly orderId: string;
  readonly version: number;
  readonly payload: unknown;
};

const { position, orderId, version } = EVENT_COLUMNS;
const { payload, traceparent } = EVENT_SOURCE_COLUMNS;
const DETAILS_COLUMNS = { position, orderId, version, payload, traceparent };

/** Reads what the consumers of the log need besides the events, by position. */
export async function readEventDetails(
  db: Queryable,
  { after, upTo }: EventRange,
): Promise<ReadonlyMap<bigint, EventDetails>> {
  const rows = await readRows(db, READ_EVENT_DETAILS, after, upTo);
  return new Map(
    rows.flatMap(({ position, payload, ...row }) =>
      position === null ? [] : [[position, { ...row, payload: payload as StoredPayload }] as const],
    ),
  );
}

export const READ_EVENT_DETAILS = query<DetailsRow>(
  `
SELECT ${selectList(DETAILS_COLUMNS, 'e')} FROM order_events e
WHERE e.position > $1::bigint AND e.position <= $2::bigint`,
  resultTypes(DETAILS_COLUMNS),
);
