import type { Order, OrderItem } from '../domain/order.js';
import type { OrderEvent } from '../domain/order-event.js';
import { namesOf, omitColumns, type Columns, type PgType } from './columns.js';
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
const COPIED_ORDER_COLUMNS = { ...omitColumns(ORDER_COLUMNS, 'number'), ...FINGERPRINT_COLUMN };
const COPIED_EVENT_COLUMNS = { ...EVENT_COLUMNS, ...EVENT_SOURCE_COLUMNS };

/** The statements that read the rows of the tables from the client, in the sequence in which foreign keys allow them. */
export const COPY_STATEMENTS = {
  orders: `COPY orders (${namesOf(COPIED_ORDER_COLUMNS)}) FROM STDIN`,
  items: `COPY order_items (${namesOf(ITEM_COLUMNS)}) FROM STDIN`,
  events: `COPY order_events (${namesOf(COPIED_EVENT_COLUMNS)}) FROM STDIN`,
  references: `COPY order_references (${namesOf(CLAIM_COLUMNS)}) FROM STDIN`,
} as const;

export type CopiedTable = keyof typeof COPY_STATEMENTS;

/** An order with all of its rows. */
export interface StoredOrder {
  readonly order: Order;
  readonly fingerprint: Creation['fingerprint'];
  readonly items: readonly OrderItem[];
  readonly events: readonly (EventSource & { readonly event: OrderEvent })[];
  readonly reference: Claim | null;
}

const orderLine = lineWriter<Omit<Order, 'number'> & Pick<Creation, 'fingerprint'>>(COPIED_ORDER_COLUMNS);
const itemLine = lineWriter<OrderItem>(ITEM_COLUMNS);
const eventLine = lineWriter<EventRow & EventSource>(COPIED_EVENT_COLUMNS);
const claimLine = lineWriter<Claim>(CLAIM_COLUMNS);

/** The lines of orders for `COPY_STATEMENTS`. */
export function copyLines(stored: readonly StoredOrder[]): Record<CopiedTable, string> {
  return {
    orders: stored.map(({ order, fingerprint }) => orderLine({ ...order, fingerprint })).join(''),
    items: stored.map(({ items }) => items.map(itemLine).join('')).join(''),
    events: stored.map(({ events }) => events.map(eventLineOf).join('')).join(''),
    references: stored.map(({ reference }) => (reference === null ? '' : claimLine(reference))).join(''),
  };
}

function eventLineOf({ event, ...source }: StoredOrder['events'][number]): string {
  return eventLine({ ...toEventRow(event), ...source });
}

function lineWriter<Row>(columns: {
  readonly [Field in keyof Row]: { readonly name: string; readonly type: PgType };
}): (row: Row) => string {
  const fields = Object.entries(columns).map(([field, column]) => {
    const { type } = column as { readonly type: PgType };
    return [field as keyof Row, type] as const;
  });
  return (row) => `${fields.map(([field, type]) => valueText(row[field], type)).join('\t')}\n`;
}

/** A value in the text format of COPY. */
function valueText(value: unknown, type: PgType): string {
  if (value === null || value === undefined) return '\\N';
  if (typeof value === 'number' || typeof value === 'bigint') return value.toString();
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\\\x${Buffer.from(value).toString('hex')}`;
  if (type === 'text[]')
    return escaped(`{${(value as readonly string[]).map((each) => JSON.stringify(each)).join(',')}}`);
  return escaped(type === 'jsonb' ? JSON.stringify(value) : (value as string));
}

const SPECIAL = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escaped(text: string): string {
  return text.replace(SPECIAL, (character) => ESCAPES[character] ?? character);
}
