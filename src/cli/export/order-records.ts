import { formatMoney } from '../../domain/money.js';
import type { Order, OrderItem } from '../../domain/order.js';

/** An order as it is exported: amounts as exact decimals, times as text. */
export function orderRecord(order: Order) {
  const money = (minor: bigint) => formatMoney({ minor, currency: order.currency });
  const { subtotal, shipping, tax, discount, total, deletedAt: _, ...rest } = order;
  return {
    ...rest,
    subtotal: money(subtotal),
    shipping: money(shipping),
    tax: money(tax),
    discount: money(discount),
    total: money(total),
  };
}

export function itemRecord({ unitPrice, subtotal, ...item }: OrderItem, currency: string) {
  const money = (minor: bigint) => formatMoney({ minor, currency });
  return { ...item, unitPrice: money(unitPrice), subtotal: money(subtotal) };
}

/** The columns of orders.csv. A field of `orderRecord` that is missing here does not compile. */
export const ORDER_FIELDS = Object.keys({
  id: true,
  number: true,
  externalReference: true,
  status: true,
  customerId: true,
  customerName: true,
  customerEmail: true,
  currency: true,
  subtotal: true,
  shipping: true,
  tax: true,
  discount: true,
  total: true,
  createdAt: true,
  updatedAt: true,
  completedAt: true,
  cancelledAt: true,
  cancelReason: true,
  version: true,
  notes: true,
  shippingAddress: true,
  billingAddress: true,
  tracking: true,
  metadata: true,
} satisfies Record<keyof ReturnType<typeof orderRecord>, true>);

export const ITEM_FIELDS = Object.keys({
  orderId: true,
  position: true,
  productId: true,
  sku: true,
  name: true,
  quantity: true,
  unitPrice: true,
  subtotal: true,
} satisfies Record<keyof ReturnType<typeof itemRecord>, true>);

/** A line of CSV by RFC 4180. Null is an empty cell, objects are JSON. */
export function csvLine(
  fields: readonly string[],
  record: Readonly<Record<string, unknown>>,
  escapeFormulas: boolean,
): string {
  const cells = fields.map((field) => {
    const text = textOf(record[field]);
    return quoted(escapeFormulas && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
  });
  return `${cells.join(',')}\r\n`;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
