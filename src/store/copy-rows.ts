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
  order_events: { ...OWN_EVENT_COLUMNS, ...EVENT_SOURCE_COLUMNS, ...POSITION_COLUMN },
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

const FIELDS = byTable((table) => Object.keys(COPIED_COLUMNS[table]).length);

/** Rows of orders for `copyStatement`. */
export interface CopiedRows {
  readonly tables: Readonly<Record<CopiedTable, Uint8Array<ArrayBuffer>>>;
  /** The offsets of the positions of events, for `setPositions`. */
  readonly positionsAt: Uint32Array<ArrayBuffer>;
}

interface RowWriter {
  readonly add: (stored: StoredOrder) => void;
  readonly end: () => CopiedRows;
}

/** @param withPositions whether `setPositions` sets the positions of the events; otherwise they are null */
export function createRowWriter(withPositions: boolean): RowWriter {
  const targets = byTable(createCopyBuffer);
  const positionsAt: number[] = [];
  const addEvent = (target: CopyBuffer, entry: StoredOrder['events'][number]) => {
    startRow(target, FIELDS.order_events);
    writeEvent(target, toEventRow(entry.event));
    writeSource(target, entry);
    writePosition(target, { position: withPositions ? 0n : null });
    if (withPositions) positionsAt.push(target.length - POSITION_BYTES);
  };
  return {
    add(stored) {
      const { orders, order_items: items, order_events: events, order_references: claims } = targets;
      startRow(orders, FIELDS.orders);
      writeOrder(orders, stored.order);
      writeFingerprint(orders, stored);
      for (const item of stored.items) {
        startRow(items, FIELDS.order_items);
        writeItem(items, item);
      }
      for (const entry of stored.events) addEvent(events, entry);
      if (stored.reference === null) return;
      startRow(claims, FIELDS.order_references);
      writeClaim(claims, stored.reference);
    },
    end: () => ({ tables: byTable((table) => finished(targets[table])), positionsAt: Uint32Array.from(positionsAt) }),
  };
}

const POSITION_BYTES = 8;

/** Sets the positions of the events in their sequence. @param after the position before the first of them */
export function setPositions({ tables, positionsAt }: CopiedRows, after: number): void {
  const { buffer, byteOffset } = tables.order_events;
  const view = new DataView(buffer, byteOffset);
  for (const [index, offset] of positionsAt.entries()) view.setBigInt64(offset, BigInt(after + index + 1));
}

function byTable<T>(valueOf: (table: CopiedTable) => T): Readonly<Record<CopiedTable, T>> {
  return {
    orders: valueOf('orders'),
    order_items: valueOf('order_items'),
    order_events: valueOf('order_events'),
    order_references: valueOf('order_references'),
  };
}
