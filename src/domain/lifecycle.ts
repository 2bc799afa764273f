import { isEmployee, type Viewer } from './viewer.js';

/** All statuses, in lifecycle order. */
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

/** The status of a new order. */
export const INITIAL_STATUS: OrderStatus = 'PENDING';

/** The allowed transitions from each status. */
export const LIFECYCLE: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  PENDING: ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'CANCELLED'],
  CONFIRMED: ['PROCESSING', 'SHIPPED', 'CANCELLED'],
  PROCESSING: ['SHIPPED', 'COMPLETED', 'CANCELLED'],
  SHIPPED: ['DELIVERED'],
  DELIVERED: ['COMPLETED'],
  COMPLETED: [],
  CANCELLED: [],
};

/** The transitions among them that a customer may make of its own orders. */
export const CUSTOMER_LIFECYCLE: typeof LIFECYCLE = {
  PENDING: ['CANCELLED'],
  CONFIRMED: ['CANCELLED'],
  PROCESSING: [],
  SHIPPED: [],
  DELIVERED: [],
  COMPLETED: [],
  CANCELLED: [],
};

/** The transitions from a status that a viewer may make. */
export function transitionsOf(viewer: Viewer, from: OrderStatus): readonly OrderStatus[] {
  return (isEmployee(viewer) ? LIFECYCLE : CUSTOMER_LIFECYCLE)[from];
}

export function isAllowed(from: OrderStatus, to: OrderStatus): boolean {
  return LIFECYCLE[from].includes(to);
}

/** The statuses in which details can be updated. */
export const EDITABLE_STATUSES: readonly OrderStatus[] = ['PENDING', 'CONFIRMED', 'PROCESSING'];

/** The statuses among them in which a customer may update its own orders. */
export const CUSTOMER_EDITABLE_STATUSES: readonly OrderStatus[] = [INITIAL_STATUS];

/** The statuses in which a viewer may update details. */
export function editableStatusesOf(viewer: Viewer): readonly OrderStatus[] {
  return isEmployee(viewer) ? EDITABLE_STATUSES : CUSTOMER_EDITABLE_STATUSES;
}
