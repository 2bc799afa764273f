import type { Order } from '../domain/order.js';
import type { Column } from './columns.js';

/**
 * When a column of `orders` is written:
 * - `assigned`: once, by the database
 * - `created`: once, by the creation
 * - `updated`: also by updates and deletions
 * - `transitioned`: by every change, changes of status included
 */
type Written = 'assigned' | 'created' | 'updated' | 'transitioned';

type OrderColumns = { readonly [Field in keyof Order]-?: Column<Order[Field]> & { readonly written: Written } };

/** The columns of `orders`. The row type, the SELECT list, the INSERT list and both UPDATE lists derive from this table. */
export const ORDER_COLUMNS = {
  id: { name: 'id', type: 'uuid', nullable: false, written: 'created' },
  number: { name: 'number', type: 'bigint', select: 'text', nullable: false, written: 'assigned' },
  customerId: { name: 'customer_id', type: 'text', nullable: true, written: 'updated' },
  customerName: { name: 'customer_name', type: 'text', nullable: true, written: 'updated' },
  customerEmail: { name: 'customer_email', type: 'text', nullable: true, written: 'updated' },
  status: { name: 'status', type: 'order_status', nullable: false, written: 'transitioned' },
  currency: { name: 'currency', type: 'text', nullable: false, written: 'created' },
  subtotal: { name: 'subtotal', type: 'bigint', nullable: false, written: 'updated' },
  shipping: { name: 'shipping', type: 'bigint', nullable: false, written: 'updated' },
  tax: { name: 'tax', type: 'bigint', nullable: false, written: 'updated' },
  discount: { name: 'discount', type: 'bigint', nullable: false, written: 'updated' },
  total: { name: 'total', type: 'bigint', nullable: false, written: 'updated' },
  notes: { name: 'notes', type: 'text', nullable: true, written: 'updated' },
  externalReference: { name: 'external_reference', type: 'text', nullable: true, written: 'updated' },
  shippingAddress: { name: 'shipping_address', type: 'jsonb', nullable: true, written: 'updated' },
  billingAddress: { name: 'billing_address', type: 'jsonb', nullable: true, written: 'updated' },
  tracking: { name: 'tracking', type: 'jsonb', nullable: true, written: 'updated' },
  metadata: { name: 'metadata', type: 'jsonb', nullable: false, written: 'updated' },
  version: { name: 'version', type: 'integer', nullable: false, written: 'transitioned' },
  createdAt: { name: 'created_at', type: 'timestamptz(3)', nullable: false, written: 'assigned' },
  updatedAt: { name: 'updated_at', type: 'timestamptz(3)', nullable: false, written: 'transitioned' },
  completedAt: { name: 'completed_at', type: 'timestamptz(3)', nullable: true, written: 'transitioned' },
  cancelledAt: { name: 'cancelled_at', type: 'timestamptz(3)', nullable: true, written: 'transitioned' },
  cancelReason: { name: 'cancel_reason', type: 'cancel_reason', nullable: true, written: 'transitioned' },
  deletedAt: { name: 'deleted_at', type: 'timestamptz(3)', nullable: true, written: 'updated' },
} as const satisfies OrderColumns;

function writtenAs(...written: readonly Written[]): Partial<typeof ORDER_COLUMNS> {
  return Object.fromEntries(Object.entries(ORDER_COLUMNS).filter(([, column]) => written.includes(column.written)));
}

/** What a change of status writes. */
export const TRANSITIONED_COLUMNS = writtenAs('transitioned');

/** What an update or a deletion writes. */
export const UPDATED_COLUMNS = writtenAs('updated', 'transitioned');

/** The columns of the large fields, with an empty value for each. Most lists do not select them. */
export const DETAIL_COLUMNS = {
  notes: 'NULL::text',
  shippingAddress: 'NULL::jsonb',
  billingAddress: 'NULL::jsonb',
  tracking: 'NULL::jsonb',
  metadata: "'{}'::jsonb",
} as const satisfies Partial<Record<keyof Order, string>>;
