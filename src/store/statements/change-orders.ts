import { eventPayload, type OrderEvent } from '../../domain/order-event.js';
import type { Order } from '../../domain/order.js';
import type { Queryable } from '../../database/database.js';
import { documentWriter, namesOf, omitColumns, recordType, setList } from '../columns.js';
import {
  EVENT_COLUMNS,
  EVENT_SOURCE_COLUMNS,
  eventSource,
  toEventRow,
  type EventRow,
  type EventSource,
} from '../event-columns.js';
import { TRANSITIONED_COLUMNS, UPDATED_COLUMNS } from '../order-columns.js';
import { command, execute, query, readRows } from '../statement.js';

/** An event to be stored, with the command that caused it. */
export interface NewEvent {
  readonly event: OrderEvent;
  /** The order after the event. */
  readonly order: Order;
  readonly commandId: string;
  readonly traceparent: string | null;
  readonly key: { readonly hash: Uint8Array; readonly fingerprint: Uint8Array } | null;
}

/** A changed order, with the version that it had under the lock. */
export interface ChangedOrder {
  readonly order: Order;
  readonly lockedVersion: number;
}

const NEW_EVENT_COLUMNS = { ...omitColumns(EVENT_COLUMNS, 'position'), ...EVENT_SOURCE_COLUMNS };

const transitionDocument = documentWriter<Order>(TRANSITIONED_COLUMNS);
const updateDocument = documentWriter<Order>(UPDATED_COLUMNS);
const eventDocument = documentWriter<EventRow & EventSource>(NEW_EVENT_COLUMNS);

/**
 * Writes the last status and all events of changed orders in one statement. The rows are locked by this transaction;
 * the version in the WHERE clause additionally prevents lost updates.
 *
 * @param changed each order once
 * @returns the number of written orders
 */
export async function applyTransitions(
  db: Queryable,
  changed: readonly ChangedOrder[],
  events: readonly NewEvent[],
): Promise<number> {
  const [row] = await readRows(
    db,
    APPLY_TRANSITIONS,
    toDocuments(changed, transitionDocument),
    JSON.stringify(events.map(toEventDocument)),
    changed.map(({ order }) => order.id),
  );
  return row?.written ?? 0;
}

export const APPLY_TRANSITIONS = query<{ readonly written: number }>(
  `
WITH changed AS (
  UPDATE orders o SET ${setList(TRANSITIONED_COLUMNS, 'c')}
  FROM jsonb_to_recordset($1::jsonb) AS c(id uuid, locked_version integer, ${recordType(TRANSITIONED_COLUMNS)})
  WHERE o.id = c.id AND o.id = any($3::uuid[]) AND o.version = c.locked_version
  RETURNING o.id
), events AS (
  INSERT INTO order_events (${namesOf(NEW_EVENT_COLUMNS)})
  SELECT ${namesOf(NEW_EVENT_COLUMNS, 'e')}
  FROM jsonb_to_recordset($2::jsonb) AS e(${recordType(NEW_EVENT_COLUMNS)})
)
SELECT count(*)::integer AS written FROM changed`,
  { written: 'integer' },
);

/**
 * Writes all columns that an update or a deletion may have changed. Transitions have a separate statement, because they
 * are more frequent and this statement writes every address and note.
 *
 * @returns the number of written orders
 */
export async function applyUpdates(db: Queryable, changed: readonly ChangedOrder[]): Promise<number> {
  const ids = changed.map(({ order }) => order.id);
  return execute(db, APPLY_UPDATES, toDocuments(changed, updateDocument), ids);
}

export const APPLY_UPDATES = command(`
UPDATE orders o SET ${setList(UPDATED_COLUMNS, 'c')}
FROM jsonb_to_recordset($1::jsonb) AS c(id uuid, locked_version integer, ${recordType(UPDATED_COLUMNS)})
WHERE o.id = c.id AND o.id = any($2::uuid[]) AND o.version = c.locked_version`);

function toDocuments(changed: readonly ChangedOrder[], toDocument: (order: Order) => object): string {
  return JSON.stringify(
    changed.map(({ order, lockedVersion }) =>
      Object.assign(toDocument(order), { id: order.id, locked_version: lockedVersion }),
    ),
  );
}

function toEventDocument({ event, order, ...cause }: NewEvent): object {
  return eventDocument({ ...toEventRow(event), ...eventSource(cause, eventPayload(order)) });
}
