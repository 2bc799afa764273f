import type { GraphQLResolveInfo } from 'graphql';
import type { Ordering } from '../../orders/cursor.js';
import type { OrderList } from '../../orders/order-list.js';
import { selectsAny } from '../selected-fields.js';
import { turnFor } from '../turns.js';
import { toConnection } from '../types/connection.js';

export const NEWEST_FIRST: Ordering = { field: 'CREATED_AT', direction: 'DESC' };

const PAGE_FIELDS: ReadonlySet<string> = new Set(['edges', 'nodes', 'pageInfo']);

/** A list as the connection type takes it. The page is read only where a field of it is selected. */
export async function toOrderConnection({ page, ...counts }: OrderList, info: GraphQLResolveInfo) {
  if (!selectsAny(info, PAGE_FIELDS)) return counts;
  const found = await page();
  await turnFor(found.edges.length, info);
  return { ...toConnection(found), ...counts };
}
