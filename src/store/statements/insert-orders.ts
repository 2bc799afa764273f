import type { Created, ExistingOrder } from '../../domain/decide-creation.js';
import { eventPayload, type NewOrderEvent } from '../../domain/order-event.js';
import type { Assigned, NewOrder, Order } from '../../domain/order.js';
import type { Queryable } from '../../database/database.js';
import { documentWriter, namesOf, omitColumns, recordType, resultTypes, selectList, type Columns } from '../columns.js';
import { EVENT_COLUMNS, EVENT_SOURCE_COLUMNS, eventSource, toEventRow, type EventSource } from '../event-columns.js';
import { ORDER_COLUMNS } from '../order-columns.js';
import { query, readRows } from '../statement.js';
import { LINE_COLUMNS, lineDocuments } from './replace-lines.js';

/** A decided creation and its command. */
export interface Creation extends Omit<Created, 'kind'> {
  readonly commandId: string;
  readonly traceparent: string | null;
  readonly fingerprint: Uint8Array;
}

export const FINGERPRINT_COLUMN = { fingerprint: { name: 'fingerprint', type: 'bytea', nullable: false } } as const;

const NEW_ORDER_COLUMNS = {
  ...omitColumns(ORDER_COLUMNS, 'number', 'createdAt', 'updatedAt'),
  ...FINGERPRINT_COLUMN,
} satisfies Columns<NewOrder & { readonly fingerprint: Uint8Array }>;

/** The columns of the first event that the order does not have. */
const EVENT_OWN_COLUMNS = omitColumns(EVENT_COLUMNS, 'orderId', 'version', 'customerId', 'occurredAt', 'position');
const NEW_EVENT_COLUMNS = { ...EVENT_OWN_COLUMNS, ...EVENT_SOURCE_COLUMNS };

const orderDocument = documentWriter<NewOrder>(omitColumns(NEW_ORDER_COLUMNS, 'fingerprint'));
const fingerprintDocument = documentWriter<Pick<Creation, 'fingerprint'>>(FINGERPRINT_COLUMN);
const eventDocument = documentWriter<ReturnType<typeof toEventRow<NewOrderEvent>>>(EVENT_OWN_COLUMNS);
const sourceDocument = documentWriter<EventSource>(EVENT_SOURCE_COLUMNS);

/**
 * Inserts orders, their items and their first events in one statement. One JSON document that the database expands was
 * the fastest of the tested forms. The rows are inserted in id order, so that two batches with the same ids do not
 * deadlock. Existing ids are skipped.
 *
 * @returns the values that the database assigned to the new orders
 */
export async function insertOrders(
  db: Queryable,
  creations: readonly Creation[],
): Promise<(Assigned & Pick<Order, 'id'>)[]> {
  return readRows(db, INSERT_ORDERS, JSON.stringify(creations.map(toDocument)));
}

function toDocument({ order, event, lines, fingerprint, commandId, traceparent }: Creation): object {
  const document = orderDocument(order);
  fingerprintDocument({ fingerprint }, document);
  eventDocument(toEventRow(event), document);
  sourceDocument(eventSource({ commandId, traceparent, key: null }, eventPayload(order)), document);
  document['items'] = lineDocuments(lines);
  return document;
}

export const INSERT_ORDERS = query<Assigned & Pick<Order, 'id'>>(
  `
WITH input AS MATERIALIZED (
  SELECT x.*, clock_timestamp()::timestamptz(3) AS now
  FROM jsonb_to_recordset($1::jsonb) AS x(
    ${recordType(NEW_ORDER_COLUMNS)}, ${recordType(NEW_EVENT_COLUMNS)}, items jsonb)
), created AS (
  INSERT INTO orders AS o (${namesOf(NEW_ORDER_COLUMNS)}, created_at, updated_at)
  SELECT ${namesOf(NEW_ORDER_COLUMNS, 'i')}, i.now, i.now FROM input i ORDER BY i.id
  ON CONFLICT (id) DO NOTHING
  RETURNING o.id, o.number, o.created_at
), lines AS (
  INSERT INTO order_items (order_id, ${namesOf(LINE_COLUMNS)})
  SELECT i.id, ${namesOf(LINE_COLUMNS, 'l')}
  FROM input i
  JOIN created c ON c.id = i.id
  CROSS JOIN jsonb_to_recordset(i.items) AS l(${recordType(LINE_COLUMNS)})
), events AS (
  INSERT INTO order_events (order_id, version, customer_id, occurred_at, ${namesOf(NEW_EVENT_COLUMNS)})
  SELECT i.id, i.version, i.customer_id, c.created_at, ${namesOf(NEW_EVENT_COLUMNS, 'i')}
  FROM input i
  JOIN created c ON c.id = i.id
)
SELECT ${selectList({ id: ORDER_COLUMNS.id, number: ORDER_COLUMNS.number, createdAt: ORDER_COLUMNS.createdAt }, 'c')}
FROM created c`,
  { id: 'uuid', number: 'text', createdAt: 'timestamptz(3)' },
);

type ExistingRow = Order & Omit<ExistingOrder, 'order' | 'customerId'> & { readonly creatorId: string | null };

/**
 * Reads the orders of ids that were not inserted. It must be a separate statement, because the snapshot of the insert
 * does not include rows that other transactions have committed since.
 */
export async function readExisting(db: Queryable, ids: readonly string[]): Promise<ExistingOrder[]> {
  const rows = await readRows(db, READ_EXISTING, ids);
  return rows.map(({ fingerprint, creatorId, commandId, ...order }) => {
    return { order, fingerprint, customerId: creatorId, commandId };
  });
}

export const READ_EXISTING = query<ExistingRow>(
  `
SELECT ${selectList({ ...ORDER_COLUMNS, ...FINGERPRINT_COLUMN }, 'o')}, e.customer_id AS "creatorId", e.command_id AS "commandId"
FROM orders o
JOIN order_events e ON e.order_id = o.id AND e.version = 1
WHERE o.id = any($1::uuid[]) AND e.order_id = any($1::uuid[])`,
  { ...resultTypes(ORDER_COLUMNS), fingerprint: 'bytea', creatorId: 'text', commandId: 'uuid' },
);
