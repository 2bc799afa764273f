import type { OrderEvent } from '../domain/order-event.js';
import type { Order } from '../domain/order.js';
import { maySee, ownerFilter, type Viewer } from '../domain/viewer.js';
import { isOrderNumber } from './identity.js';
import type { CoalescedReader, CustomerRecord } from './interfaces/order-reader.js';

/** An order by id, or null where there is none that this viewer may see. */
export async function findOrder(reader: CoalescedReader, viewer: Viewer, id: string): Promise<Order | null> {
  const order = await reader.order(id);
  return order !== null && maySee(viewer, order) ? order : null;
}

/** An order by its number for people, or null where there is none that this viewer may see. */
export async function findByNumber(reader: CoalescedReader, viewer: Viewer, number: string): Promise<Order | null> {
  const id = isOrderNumber(number) ? await reader.idOfNumber(number) : null;
  return id === null ? null : findOrder(reader, viewer, id);
}

/**
 * An order by the name that its client gave it, or null where there is none that this viewer may see.
 *
 * @param customerId whose order it is; '' for a guest's
 */
export async function findByReference(
  reader: CoalescedReader,
  viewer: Viewer,
  customerId: string,
  reference: string,
): Promise<Order | null> {
  const id = await reader.idOfReference({ customerId, reference });
  return id === null ? null : findOrder(reader, viewer, id);
}

/** A customer as its latest order shows it, or null where it has none that this viewer may see. */
export async function findCustomer(
  reader: CoalescedReader,
  viewer: Viewer,
  customerId: string,
): Promise<CustomerRecord | null> {
  const owner = ownerFilter(viewer);
  return owner === null || owner === customerId ? reader.customer(customerId) : null;
}

/** One event of an order, or null where there is none that this viewer may see. */
export async function findEvent(
  reader: CoalescedReader,
  viewer: Viewer,
  orderId: string,
  version: number,
): Promise<OrderEvent | null> {
  if ((await findOrder(reader, viewer, orderId)) === null) return null;
  const [event = null] = await reader.events({ orderId, from: version, to: version });
  return event;
}
