import type { OrderStatus } from '../../src/domain/lifecycle.js';

/** The documented lifecycle, independent of the table in the code so that tests detect errors in it. */
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
