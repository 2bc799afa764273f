import type { OrderPage } from '../../orders/order-page.js';
import type { Ordering } from '../../orders/cursor.js';
import { toConnection } from '../types/connection.js';

/** How orders are sorted where nothing else is asked for. */
export const NEWEST_FIRST: Ordering = { field: 'CREATED_AT', direction: 'DESC' };

export function toOrderConnection(page: OrderPage) {
  return { ...toConnection(page), totalCount: page.totalCount, countUpTo: page.countUpTo };
}
