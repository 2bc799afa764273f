import { eventId, type OrderEvent } from '../domain/order-event.js';
import { countryCodeOf } from '../domain/countries.js';
import type { Address, OrderItem } from '../domain/order.js';
import type { AddressType } from './types/address.js';
import { encodeLogCursor } from '../domain/log-cursor.js';
import type { CustomerRecord } from '../orders/interfaces/order-reader.js';
import { customerGlobalId, itemId } from './global-ids.js';
import type { CustomerType } from './types/customer.js';
import type { OrderEventObject } from './types/event.js';
import { toMoney } from './types/money.js';
import type { OrderItemType } from './types/order.js';

/** Converts domain types to GraphQL types with a different shape. */

export function viewItem(item: OrderItem, currency: string): OrderItemType {
  return {
    id: itemId(item.orderId, item.position),
    position: item.position,
    productId: item.productId,
    sku: item.sku,
    name: item.name,
    quantity: item.quantity,
    unitPrice: toMoney(item.unitPrice, currency),
    subtotal: toMoney(item.subtotal, currency),
  };
}

export function viewEvent(event: OrderEvent): OrderEventObject {
  const { position, customerId: _, ...rest } = event;
  const { orderId, version } = event;
  const resumeCursor = position === null ? null : encodeLogCursor({ ...event, position });
  return { ...rest, id: eventId(orderId, version), resumeCursor };
}

export function viewCustomer({ customerId, name, email }: CustomerRecord): CustomerType {
  return { id: customerGlobalId(customerId), customerId, name, email };
}

export function viewAddress(address: Address | null): AddressType | null {
  if (address === null) return null;
  return { ...address, countryCode: address.country === null ? null : countryCodeOf(address.country) };
}
