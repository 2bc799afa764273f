/** Every status an order can have, in the order of its life. */
export const ORDER_STATUSES = [
  'PENDING',
  'CONFIRMED',
  'PROCESSING',
  'SHIPPED',
  'DELIVERED',
  'COMPLETED',
  'CANCELLED',
] as const;

export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** Where every order begins. */
export const INITIAL_STATUS: OrderStatus = 'PENDING';

/** The life of an order: from each status, the statuses it may go to next. */
export const LIFECYCLE: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  PENDING: ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'CANCELLED'],
  CONFIRMED: ['PROCESSING', 'SHIPPED', 'CANCELLED'],
  PROCESSING: ['SHIPPED', 'COMPLETED', 'CANCELLED'],
  SHIPPED: ['DELIVERED'],
  DELIVERED: ['COMPLETED'],
  COMPLETED: [],
  CANCELLED: [],
};

export function isAllowed(from: OrderStatus, to: OrderStatus): boolean {
  return LIFECYCLE[from].includes(to);
}

/** Statuses in which the details of an order may still be changed: until it is shipped. */
export const EDITABLE_STATUSES: readonly OrderStatus[] = ['PENDING', 'CONFIRMED', 'PROCESSING'];
