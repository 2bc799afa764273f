import type { OrderItem } from '../domain/order.js';
import type { Columns } from './columns.js';

/** The columns of `order_items`. */
export const ITEM_COLUMNS = {
  orderId: { name: 'order_id', type: 'uuid', nullable: false },
  position: { name: 'position', type: 'integer', nullable: false },
  productId: { name: 'product_id', type: 'text', nullable: true },
  sku: { name: 'sku', type: 'text', nullable: true },
  name: { name: 'name', type: 'text', nullable: false },
  quantity: { name: 'quantity', type: 'integer', nullable: false },
  unitPrice: { name: 'unit_price', type: 'bigint', nullable: false },
  subtotal: { name: 'subtotal', type: 'bigint', nullable: false },
} as const satisfies Columns<OrderItem>;
