import type { GraphQLResolveInfo } from 'graphql';
import type { Ordering } from '../../orders/cursor.js';
import type { OrderReader } from '../../orders/interfaces/order-reader.js';
import type { OrderList } from '../../orders/order-list.js';
import { selectedPaths } from '../selected-fields.js';
import { turnFor } from '../turns.js';
import { toConnection } from '../types/connection.js';
import type { OrderType } from '../types/order.js';

export const NEWEST_FIRST: Ordering = { field: 'CREATED_AT', direction: 'DESC' };

const PAGE_FIELDS = ['edges', 'nodes', 'pageInfo'];
const ITEMS = ['nodes.items', 'edges.node.items'];
/** Other fields for which statements run. */
const READ_FIELDS = ['nodes', 'edges.node'].flatMap((node) => [`${node}.customer`, `${node}.history`]);
/** The fields of an order for which its large fields are not needed. Any other field reads them. */
const SMALL_FIELDS: ReadonlySet<string> = new Set<keyof OrderType | '__typename' | 'customer' | 'history'>([
  '__typename',
  'id',
  'number',
  'externalReference',
  'status',
  'allowedTransitions',
  'version',
  'customerId',
  'customerName',
  'customerEmail',
  'customer',
  'history',
  'items',
  'total',
  'subtotal',
  'shipping',
  'discount',
  'tax',
  'createdAt',
  'updatedAt',
  'completedAt',
  'cancelledAt',
  'cancelReason',
]);
const FIELD_OF_ORDER = /^(?:nodes|edges\.node)\.(\w+)$/;
const COUNT_FIELDS = ['totalCount', 'count'];

/** A list as the connection type takes it. The page is read only where a field of it is selected. */
export async function toOrderConnection({ page, ...counts }: OrderList, reader: OrderReader, info: GraphQLResolveInfo) {
  const selected = selectedPaths(info);
  const selectsAny = (paths: readonly string[]) => paths.some((path) => selected.has(path));
  if (!selectsAny(PAGE_FIELDS)) return counts;
  const hasDetails = [...selected].some((path) => {
    const name = FIELD_OF_ORDER.exec(path)?.[1];
    return name !== undefined && !SMALL_FIELDS.has(name);
  });
  const found = await page(hasDetails);
  const { edges } = found;
  const ends = (['hasNextPage', 'hasPreviousPage'] as const).filter((end) => typeof found[end] === 'function');
  const others = [...READ_FIELDS, ...COUNT_FIELDS, ...ends.map((end) => `pageInfo.${end}`)];
  // Other reads must not wait for the items. Where there are none, the page is executed without a promise for each order.
  const isPrefetched = selectsAny(ITEMS) && !selectsAny(others);
  const items = isPrefetched ? await reader.prefetchItems(edges.map(({ node }) => node.id)) : [];
  await turnFor(
    items.reduce((sum, count) => sum + count, edges.length),
    info,
  );
  return { ...toConnection(found, (index) => 1 + (items[index] ?? 0)), ...counts };
}
