import type { Order, OrderItem } from '../domain/order.js';
import type { OrderEvent } from '../domain/order-event.js';
import { namesOf, omitColumns, type Columns } from './columns.js';
import { createCopyBuffer, fieldsWriter, finished, startRow, type CopyBuffer } from './copy-format.js';
import { EVENT_COLUMNS, EVENT_SOURCE_COLUMNS, toEventRow, type EventRow, type EventSource } from './event-columns.js';
import { ITEM_COLUMNS } from './item-columns.js';
import { ORDER_COLUMNS } from './order-columns.js';
import type { Claim } from './statements/external-references.js';
import { FINGERPRINT_COLUMN, type Creation } from './statements/insert-orders.js';

const CLAIM_COLUMNS = {
  customerId: { name: 'customer_id', type: 'text', nullable: false },
  reference: { name: 'external_reference', type: 'text', nullable: false },
  orderId: { name: 'order_id', type: 'uuid', nullable: false },
} as const satisfies Columns<Claim>;

/** The database assigns the numbers. */
const COPIED_ORDER_COLUMNS = omitColumns(ORDER_COLUMNS, 'number');

const OWN_EVENT_COLUMNS = omitColumns(EVENT_COLUMNS, 'position');
const POSITION_COLUMN = { position: EVENT_COLUMNS.position };

/** The columns of the tables, in the sequence in which foreign keys allow their rows. */
const COPIED_COLUMNS = {
  orders: { ...COPIED_ORDER_COLUMNS, ...FINGERPRINT_COLUMN },
  order_items: ITEM_COLUMNS,
  order_events: { ...OWN_EVENT_COLUMNS, ...POSITION_COLUMN, ...EVENT_SOURCE_COLUMNS },
  order_references: CLAIM_COLUMNS,
};

export type CopiedTable = keyof typeof COPIED_COLUMNS;

export const COPIED_TABLES = Object.keys(COPIED_COLUMNS) as readonly CopiedTable[];

/** The statement that reads rows of a table from the client. */
export function copyStatement(table: CopiedTable, options: readonly string[]): string {
  return `COPY ${table} (${namesOf(COPIED_COLUMNS[table])}) FROM STDIN (${['FORMAT binary', ...options].join(', ')})`;
}

/** An order with all of its rows. */
export interface StoredOrder {
  readonly order: Order;
  readonly fingerprint: Creation['fingerprint'];
  readonly items: readonly OrderItem[];
  readonly events: readonly (EventSource & { readonly event: OrderEvent })[];
  readonly reference: Claim | null;
}

const writeOrder = fieldsWriter<Omit<Order, 'number'>>(COPIED_ORDER_COLUMNS);
const writeFingerprint = fieldsWriter<Pick<Creation, 'fingerprint'>>(FINGERPRINT_COLUMN);
const writeItem = fieldsWriter<OrderItem>(ITEM_COLUMNS);
const writeEvent = fieldsWriter<Omit<EventRow, 'position'>>(OWN_EVENT_COLUMNS);
const writePosition = fieldsWriter<Pick<EventRow, 'position'>>(POSITION_COLUMN);
const writeSource = fieldsWriter<EventSource>(EVENT_SOURCE_COLUMNS);
const writeClaim = fieldsWriter<Claim>(CLAIM_COLUMNS);

const FIELDS = Object.fromEntries(
  Object.entries(COPIED_COLUMNS).map(([table, columns]) => [table, Object.keys(columns).length]),
) as Readonly<Record<CopiedTable, number>>;

export type CopiedRows = Readonly<Record<CopiedTable, Uint8Array<ArrayBuffer>>>;

interface CopiedRowsWriter {
  /** @param position of the last event before those of the order; null if the sequencer assigns the positions */
  readonly add: (stored: StoredOrder, position: bigint | null) => void;
  readonly end: () => CopiedRows;
}

/** Collects the rows of orders for `copyStatement`. */
export function createCopiedRows(): CopiedRowsWriter {
  const targets = Object.fromEntries(COPIED_TABLES.map((table) => [table, createCopyBuffer()])) as Readonly<
    Record<CopiedTable, CopyBuffer>
  >;
  const { orders, order_items: itemRows, order_events: eventRows, order_references: claimRows } = targets;
  return {
    add(stored, position) {
      let last = position;
      startRow(orders, FIELDS.orders);
      writeOrder(orders, stored.order);
      writeFingerprint(orders, stored);
      for (const item of stored.items) {
        startRow(itemRows, FIELDS.order_items);
        writeItem(itemRows, item);
      }
      for (const entry of stored.events) {
        startRow(eventRows, FIELDS.order_events);
        writeEvent(eventRows, toEventRow(entry.event));
        if (last !== null) last += 1n;
        writePosition(eventRows, { position: last });
        writeSource(eventRows, entry);
      }
      if (stored.reference === null) return;
      startRow(claimRows, FIELDS.order_references);
      writeClaim(claimRows, stored.reference);
    },
    end: () =>
      Object.fromEntries(COPIED_TABLES.map((table) => [table, finished(targets[table])])) as unknown as CopiedRows,
  };
}
