import type { OrderPage } from '../../orders/page.js';
import { toConnection } from '../types/connection.js';

export function toOrderConnection(page: OrderPage) {
  return { ...toConnection(page), totalCount: page.totalCount };
}
