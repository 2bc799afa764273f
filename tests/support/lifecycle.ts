import type { OrderStatus } from '../../src/domain/lifecycle.js';

/** The life of an order as it is promised, written out here so that the code's own table can be wrong. */
export const PROMISED_LIFECYCLE: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  PENDING: ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'CANCELLED'],
  CONFIRMED: ['PROCESSING', 'SHIPPED', 'CANCELLED'],
  PROCESSING: ['SHIPPED', 'COMPLETED', 'CANCELLED'],
  SHIPPED: ['DELIVERED'],
  DELIVERED: ['COMPLETED'],
  COMPLETED: [],
  CANCELLED: [],
};

export const STATUSES = Object.keys(PROMISED_LIFECYCLE) as readonly OrderStatus[];
