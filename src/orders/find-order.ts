import { randomUUID } from 'node:crypto';
import type { OrderEvent } from '../domain/order-event.js';
import type { Order } from '../domain/order.js';
import { maySee, ownerFilter } from '../domain/viewer.js';
import { isOrderNumber } from './order-id.js';
import type { Caller } from './interfaces/caller.js';
import type { OrderReader, CustomerRecord, ReferenceKey } from './interfaces/order-reader.js';

/*
 * Lookups of one object. Each returns null if the caller may not see it: orders of other viewers and missing orders are
 * indistinguishable.
 */

export async function findOrder(reader: OrderReader, id: string, { viewer }: Caller): Promise<Order | null> {
  const order = await reader.order(id);
  return order !== null && maySee(viewer, order) ? order : null;
}

export async function findByNumber(reader: OrderReader, number: string, caller: Caller): Promise<Order | null> {
  if (!isOrderNumber(number)) return null;
  const id = await reader.idOfNumber(number);
  return findOrder(reader, id ?? randomUUID(), caller); // a missing order takes as many reads as a foreign one
}

export async function findByReference(reader: OrderReader, key: ReferenceKey, caller: Caller): Promise<Order | null> {
  const owner = ownerFilter(caller.viewer);
  if (owner !== null && key.customerId !== owner) return null; // without a read, whose time would differ
  const id = await reader.idOfReference(key);
  return id === null ? null : findOrder(reader, id, caller);
}

/** A customer with the data of its latest order. */
export async function findCustomer(
  reader: OrderReader,
  customerId: string,
  { viewer }: Caller,
): Promise<CustomerRecord | null> {
  const owner = ownerFilter(viewer);
  return owner === null || owner === customerId ? reader.customer(customerId) : null;
}

export async function findEvent(
  reader: OrderReader,
  { orderId, version }: { readonly orderId: string; readonly version: number },
  caller: Caller,
): Promise<OrderEvent | null> {
  if ((await findOrder(reader, orderId, caller)) === null) return null;
  const [event = null] = await reader.events({ orderId, from: version, to: version });
  return event;
}
