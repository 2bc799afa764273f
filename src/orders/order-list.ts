import { RequestError } from '../domain/errors.js';
import type { Order } from '../domain/order.js';
import { ownerFilter, type Viewer } from '../domain/viewer.js';
import { decodeOrderCursor, encodeOrderCursor, sortKeyOf, type Ordering } from './cursor.js';
import type { Caller } from './interfaces/caller.js';
import type { SortKey, OrderFilter, SortDirection } from './interfaces/order-filter.js';
import type { OrderReader } from './interfaces/order-reader.js';
import { pageSize, type HasMore, type Page, type PageArguments, type PageSize } from './page.js';

export interface OrderListRequest {
  readonly page: PageArguments;
  readonly filter: OrderFilter;
  readonly ordering: Ordering;
  /** Only the orders of this customer, in addition to the filter. */
  readonly ofCustomer?: string;
}

/** A list of orders. Each function runs statements: call it only where its field is selected. */
export interface OrderList {
  /** @param hasDetails whether the large fields of the orders are read, as in `OrderRange` */
  readonly page: (hasDetails: boolean) => Promise<Page<Order>>;
  readonly totalCount: () => Promise<number>;
  /** Counts up to a limit. */
  readonly countUpTo: (limit: number) => Promise<BoundedCount>;
}

export interface BoundedCount {
  readonly value: number;
  readonly precision: 'EXACT' | 'AT_LEAST';
}

/** The orders that match a filter and that the caller may see. @throws RequestError BAD_USER_INPUT, INVALID_CURSOR */
export function listOrders(reader: OrderReader, request: OrderListRequest, { viewer }: Caller): OrderList {
  const { ordering, page, ofCustomer } = request;
  const filter = restrict(request.filter, viewer, ofCustomer);
  const part = { filter, ordering, ...pageSize(page), ...boundsOf(page, ordering) };
  if (ordering.field === 'TOTAL' && filter.currency === null) {
    const message =
      'where.currency is required with orderBy TOTAL: amounts in different currencies cannot be compared.';
    throw new RequestError('BAD_USER_INPUT', message, { details: { argument: 'where.currency' } });
  }
  const isEmpty = matchesNothing(filter);
  return {
    page: async (hasDetails) => (isEmpty ? EMPTY_PAGE : readPage(reader, part, hasDetails)),
    totalCount: async () => (isEmpty ? 0 : reader.count({ filter, limit: null })),
    countUpTo: async (limit) => {
      checkLimit(limit);
      const counted = isEmpty ? 0 : await reader.count({ filter, limit: limit + 1 });
      return counted > limit ? { value: limit, precision: 'AT_LEAST' } : { value: counted, precision: 'EXACT' };
    },
  };
}

/** The filter, restricted to the orders of the viewer and of one customer. */
function restrict(filter: OrderFilter, viewer: Viewer, ofCustomer?: string): OrderFilter {
  const owner = ownerFilter(viewer);
  const customers = new Set([filter.customerId, ofCustomer, owner].filter((id) => typeof id === 'string'));
  const [customerId = null] = customers;
  // An order has one customer at most, and a guest's order has none.
  const isImpossible = customers.size > 1 || owner === '' || (customerId !== null && filter.isGuest === true);
  return {
    ...filter,
    customerId,
    isGuest: customerId === null ? filter.isGuest : null,
    statuses: isImpossible ? [] : filter.statuses,
    ...(owner !== null && hasPrefix(filter) ? { isPrivate: true } : {}),
  };
}

function hasPrefix({ customerEmail, externalReference, number }: OrderFilter): boolean {
  return [customerEmail, externalReference, number].some((text) => text !== null && 'prefix' in text);
}

/** Whether a list of the filter is empty, so that no statement is needed. */
function matchesNothing({ statuses, customerEmail, externalReference, number }: OrderFilter): boolean {
  const texts = [customerEmail, externalReference, number];
  return statuses?.length === 0 || texts.some((text) => text !== null && 'values' in text && text.values.length === 0);
}

/** The cursors of a page, as sort keys of the ordering. */
interface PageBounds {
  readonly after: SortKey | null;
  readonly before: SortKey | null;
}

function boundsOf({ after, before }: PageArguments, ordering: Ordering): PageBounds {
  const decode = (cursor: string | null | undefined, argument: string) =>
    cursor === null || cursor === undefined ? null : decodeOrderCursor(cursor, argument, ordering);
  return { after: decode(after, 'after'), before: decode(before, 'before') };
}

type PartOfList = PageSize & PageBounds & { readonly filter: OrderFilter; readonly ordering: Ordering };

const EMPTY_PAGE: Page<Order> = { edges: [], hasNextPage: false, hasPreviousPage: false };

/** One page, by keyset: rows that are inserted meanwhile are neither repeated nor do they hide others. */
async function readPage(reader: OrderReader, part: PartOfList, hasDetails: boolean): Promise<Page<Order>> {
  const { filter, ordering, size, fromBack, after, before } = part;
  const { field, direction } = ordering;
  // One order more than requested shows whether there are more.
  const found = await reader.range({
    filter,
    field,
    direction: fromBack ? opposite(direction) : direction,
    after: fromBack ? before : after,
    before: fromBack ? after : before,
    inclusive: false,
    limit: size + 1,
    hasDetails,
  });
  const overflows = found.length > size;
  const nodes = found.slice(0, size);
  if (fromBack) nodes.reverse();

  const ahead: Edge = { direction, order: nodes.at(-1), bound: before };
  const behind: Edge = { direction: opposite(direction), order: nodes[0], bound: after };
  return {
    edges: nodes.map((node) => new OrderEdge(node, ordering)),
    hasNextPage: (!fromBack && overflows) || existsBeyond(reader, part, ahead),
    hasPreviousPage: (fromBack && overflows) || existsBeyond(reader, part, behind),
  };
}

/** Its cursor is encoded when it is read: most lists select that of the last edge only, or none. */
class OrderEdge {
  readonly node: Order;
  readonly #ordering: Ordering;

  constructor(node: Order, ordering: Ordering) {
    this.node = node;
    this.#ordering = ordering;
  }

  get cursor(): string {
    return encodeOrderCursor(this.node, this.#ordering);
  }
}

/** One end of a page. */
interface Edge {
  /** The direction that leads out of the page. */
  readonly direction: SortDirection;
  /** The last order of the page in that direction; undefined on an empty page. */
  readonly order: Order | undefined;
  /** The cursor that bounds the page on that side. */
  readonly bound: SortKey | null;
}

/**
 * Whether orders lie beyond an end of a page. Without a bound the page ran to the end of the list, so there are none. For
 * an empty page the order at the bound itself counts.
 */
function existsBeyond(reader: OrderReader, part: PartOfList, { direction, order, bound }: Edge): HasMore {
  if (bound === null) return false;
  const { filter, ordering } = part;
  const { field } = ordering;
  const after = order === undefined ? bound : sortKeyOf(order, field);
  const inclusive = order === undefined;
  const range = { filter, field, direction, after, before: null, inclusive, limit: 1, hasDetails: false };
  return async () => (await reader.range(range)).length > 0;
}

/** The largest limit of a bounded count. */
export const COUNT_LIMIT = 1_000_000;

function checkLimit(limit: number): void {
  if (limit >= 1 && limit <= COUNT_LIMIT) return;
  const message = `limit must be from 1 to ${COUNT_LIMIT}; it is ${limit}.`;
  throw new RequestError('BAD_USER_INPUT', message, { details: { argument: 'limit' } });
}

function opposite(direction: SortDirection): SortDirection {
  return direction === 'ASC' ? 'DESC' : 'ASC';
}
