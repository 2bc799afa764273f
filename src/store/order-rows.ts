import type { OrderEvent, OrderEventType } from '../domain/order-event.js';
import type { OrderStatus } from '../domain/lifecycle.js';
import type { Address, CancelReason, Metadata, Order, OrderItem, Tracking } from '../domain/order.js';
import type { Actor } from '../domain/viewer.js';

/** A row of `orders` as the driver delivers the columns of ORDER_COLUMNS. */
export interface OrderRow {
  readonly id: string;
  readonly number: bigint;
  readonly customer_id: string | null;
  readonly customer_name: string | null;
  readonly customer_email: string | null;
  readonly status: OrderStatus;
  readonly currency: string;
  readonly subtotal: bigint;
  readonly shipping: bigint;
  readonly tax: bigint;
  readonly discount: bigint;
  readonly total: bigint;
  readonly notes: string | null;
  readonly external_reference: string | null;
  readonly shipping_address: Address | null;
  readonly billing_address: Address | null;
  readonly tracking: Tracking | null;
  readonly metadata: Metadata;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly completed_at: Date | null;
  readonly cancelled_at: Date | null;
  readonly cancel_reason: CancelReason | null;
  readonly deleted_at: Date | null;
}

const ORDER_COLUMN_NAMES = [
  'id',
  'number',
  'customer_id',
  'customer_name',
  'customer_email',
  'status',
  'currency',
  'subtotal',
  'shipping',
  'tax',
  'discount',
  'total',
  'notes',
  'external_reference',
  'shipping_address',
  'billing_address',
  'tracking',
  'metadata',
  'version',
  'created_at',
  'updated_at',
  'completed_at',
  'cancelled_at',
  'cancel_reason',
  'deleted_at',
] as const satisfies readonly (keyof OrderRow)[];

/** The columns an Order is made of, of the table alias `o`. */
export const ORDER_COLUMNS = ORDER_COLUMN_NAMES.map((name) => `o.${name}`).join(', ');

export function toOrder(row: OrderRow): Order {
  return {
    id: row.id,
    number: row.number.toString(),
    customerId: row.customer_id,
    customerName: row.customer_name,
    customerEmail: row.customer_email,
    status: row.status,
    currency: row.currency,
    subtotal: row.subtotal,
    shipping: row.shipping,
    tax: row.tax,
    discount: row.discount,
    total: row.total,
    notes: row.notes,
    externalReference: row.external_reference,
    shippingAddress: row.shipping_address,
    billingAddress: row.billing_address,
    tracking: row.tracking,
    metadata: row.metadata,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    completedAt: row.completed_at,
    cancelledAt: row.cancelled_at,
    cancelReason: row.cancel_reason,
    deletedAt: row.deleted_at,
  };
}

export interface ItemRow {
  readonly order_id: string;
  readonly position: number;
  readonly product_id: string | null;
  readonly sku: string | null;
  readonly name: string;
  readonly quantity: number;
  readonly unit_price: bigint;
  readonly subtotal: bigint;
}

export function toItem(row: ItemRow): OrderItem {
  return {
    orderId: row.order_id,
    position: row.position,
    productId: row.product_id,
    sku: row.sku,
    name: row.name,
    quantity: row.quantity,
    unitPrice: row.unit_price,
    subtotal: row.subtotal,
  };
}

export interface EventRow {
  readonly order_id: string;
  readonly version: number;
  readonly type: OrderEventType;
  readonly from_status: OrderStatus | null;
  readonly to_status: OrderStatus | null;
  readonly changed_fields: readonly string[];
  readonly reason: string | null;
  readonly actor: string | null;
  readonly actor_kind: Actor['kind'];
  readonly customer_id: string | null;
  readonly occurred_at: Date;
  readonly position: bigint | null;
}

/** The columns an OrderEvent is made of, of the table alias `e`. */
export const EVENT_COLUMNS =
  'e.order_id, e.version, e.type, e.from_status, e.to_status, e.changed_fields, e.reason, e.actor, e.actor_kind, e.customer_id, e.occurred_at, e.position';

export function toEvent(row: EventRow): OrderEvent {
  return {
    orderId: row.order_id,
    version: row.version,
    type: row.type,
    from: row.from_status,
    to: row.to_status,
    changedFields: row.changed_fields,
    reason: row.reason,
    actor: { subject: row.actor, kind: row.actor_kind },
    customerId: row.customer_id,
    occurredAt: row.occurred_at,
    position: row.position,
  };
}
