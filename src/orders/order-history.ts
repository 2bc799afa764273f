import type { OrderEvent } from '../domain/order-event.js';
import type { Order } from '../domain/order.js';
import { decodeHistoryCursor, encodeHistoryCursor } from './cursor.js';
import { pageSize, type Page, type PageArguments } from './page.js';
import type { OrderReader } from './interfaces/order-reader.js';

/**
 * A page of an order's history, oldest first. Versions are dense, so a page is a range of versions, and its ends need no
 * statement.
 */
export async function pageHistory(reader: OrderReader, order: Order, page: PageArguments): Promise<Page<OrderEvent>> {
  const { size, fromBack } = pageSize(page);
  const after = versionOf(page.after, 'after', order.id) ?? 0;
  const before = versionOf(page.before, 'before', order.id) ?? order.version + 1;
  const low = Math.min(after, order.version) + 1;
  const high = Math.min(before - 1, order.version);
  const from = fromBack ? Math.max(low, high - size + 1) : low;
  const to = fromBack ? high : Math.min(high, low + size - 1);
  const events = to < from ? [] : await reader.events({ orderId: order.id, from, to });
  return {
    edges: events.map((node) => ({ cursor: encodeHistoryCursor(order.id, node.version), node })),
    hasNextPage: to < order.version && order.version >= from,
    hasPreviousPage: from > 1,
  };
}

function versionOf(cursor: string | null | undefined, argument: string, orderId: string): number | null {
  return cursor === null || cursor === undefined ? null : decodeHistoryCursor(cursor, argument, orderId);
}
