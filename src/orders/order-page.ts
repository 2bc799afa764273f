import { RequestError } from '../domain/errors.js';
import type { Order } from '../domain/order.js';
import { decodeOrderCursor, encodeOrderCursor, sortKeyOf, type Ordering } from './cursor.js';
import type { Caller } from './interfaces/caller.js';
import type { SortKey, OrderRange, OrderFilter, OrderSortField, SortDirection } from './interfaces/order-filter.js';
import type { CoalescedReader } from './interfaces/order-reader.js';
import { isNone, toOrderFilter, type OrderFilterInput } from './order-filter.js';

export const PAGE_SIZE = { default: 20, most: 100 } as const;

export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** How a page is cut: so many, counted from the front or from the back. */
export interface PageSize {
  readonly size: number;
  readonly fromBack: boolean;
}

/** Reads `first` and `last`. @throws RequestError BAD_USER_INPUT */
export function pageSize({ first, last }: PageArguments): PageSize {
  const fromBack = last !== null && last !== undefined;
  if (fromBack && first !== null && first !== undefined) {
    throw new RequestError('BAD_USER_INPUT', 'first and last cannot be combined.', { details: { argument: 'last' } });
  }
  const [argument, size] = fromBack ? (['last', last] as const) : (['first', first ?? PAGE_SIZE.default] as const);
  if (size < 0 || size > PAGE_SIZE.most) {
    const message = `${argument} must be from 0 to ${PAGE_SIZE.most}; it is ${size}.`;
    throw new RequestError('BAD_USER_INPUT', message, { details: { argument } });
  }
  return { size, fromBack };
}

/** A page of a Relay connection. What costs a statement is a function, called only where it is selected. */
export interface Page<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly hasNextPage: () => Promise<boolean>;
  readonly hasPreviousPage: () => Promise<boolean>;
}

export interface OrderPage extends Page<Order> {
  readonly totalCount: () => Promise<number>;
  /** How many there are, counted up to a limit. */
  readonly countUpTo: (limit: number) => Promise<BoundedCount>;
}

export interface BoundedCount {
  readonly value: number;
  readonly precision: 'EXACT' | 'AT_LEAST';
}

export interface OrderPageRequest {
  readonly page: PageArguments;
  readonly where: OrderFilterInput | null | undefined;
  readonly ordering: Ordering;
  /** Only this customer's, whatever the condition says. */
  readonly ofCustomer?: string;
}

/** One page of orders, by keyset: rows inserted meanwhile neither repeat nor hide others. */
export async function pageOrders(
  reader: CoalescedReader,
  { page, where, ordering, ofCustomer }: OrderPageRequest,
  { viewer }: Caller,
): Promise<OrderPage> {
  const { size, fromBack } = pageSize(page);
  const after = cursorOf(page.after, 'after', ordering);
  const before = cursorOf(page.before, 'before', ordering);
  const filter = toOrderFilter(where, viewer, ofCustomer);
  if (ordering.field === 'TOTAL' && filter.currency === null) {
    const message =
      'where.currency is required with orderBy TOTAL: amounts in different currencies cannot be compared.';
    throw new RequestError('BAD_USER_INPUT', message, { details: { argument: 'where.currency' } });
  }
  // Read in the direction that starts at the page's anchor, one more than asked: it tells whether there are more.
  const range: OrderRange = {
    filter,
    field: ordering.field,
    direction: fromBack ? opposite(ordering.direction) : ordering.direction,
    after: fromBack ? before : after,
    before: fromBack ? after : before,
    inclusive: false,
    limit: size + 1,
  };
  const found = isNone(filter) ? [] : await reader.range(range);
  const overflowed = found.length > size;
  const nodes = found.slice(0, size);
  if (fromBack) nodes.reverse();

  const beyond = (direction: SortDirection, edge: Order | undefined, bound: SortKey | null) =>
    existsBeyond(reader, { filter, field: ordering.field, direction, edge: edge ?? null, bound });
  const ahead = { direction: ordering.direction, edge: nodes.at(-1), bound: before };
  const behind = { direction: opposite(ordering.direction), edge: nodes[0], bound: after };
  return {
    edges: nodes.map((node) => ({ cursor: encodeOrderCursor(node, ordering), node })),
    hasNextPage: async () => (!fromBack && overflowed) || (await beyond(ahead.direction, ahead.edge, ahead.bound)),
    hasPreviousPage: async () =>
      (fromBack && overflowed) || (await beyond(behind.direction, behind.edge, behind.bound)),
    totalCount: async () => (isNone(filter) ? 0 : reader.count({ filter, limit: null })),
    countUpTo: async (limit) => countUpTo(reader, filter, limit),
  };
}

/**
 * Whether orders lie beyond a page in one direction. Without a bound on that side the page ran to the end of the list,
 * so there are none; an empty page asks from its bound on, the order at the bound included.
 */
async function existsBeyond(
  reader: CoalescedReader,
  { filter, field, direction, edge, bound }: Beyond,
): Promise<boolean> {
  if (bound === null || isNone(filter)) return false;
  const inclusive = edge === null;
  const after = edge === null ? bound : sortKeyOf(edge, field);
  const rows = await reader.range({ filter, field, direction, after, before: null, inclusive, limit: 1 });
  return rows.length > 0;
}

interface Beyond {
  readonly filter: OrderFilter;
  readonly field: OrderSortField;
  readonly direction: SortDirection;
  /** The page's order on that side. */
  readonly edge: Order | null;
  readonly bound: SortKey | null;
}

/** The most that a bounded count counts. */
export const COUNT_LIMIT = 1_000_000;

async function countUpTo(reader: CoalescedReader, filter: OrderFilter, limit: number): Promise<BoundedCount> {
  if (limit < 1 || limit > COUNT_LIMIT) {
    const message = `limit must be from 1 to ${COUNT_LIMIT}; it is ${limit}.`;
    throw new RequestError('BAD_USER_INPUT', message, { details: { argument: 'limit' } });
  }
  const counted = isNone(filter) ? 0 : await reader.count({ filter, limit: limit + 1 });
  return counted > limit ? { value: limit, precision: 'AT_LEAST' } : { value: counted, precision: 'EXACT' };
}

function cursorOf(cursor: string | null | undefined, argument: string, ordering: Ordering): SortKey | null {
  return cursor === null || cursor === undefined ? null : decodeOrderCursor(cursor, argument, ordering);
}

function opposite(direction: SortDirection): SortDirection {
  return direction === 'ASC' ? 'DESC' : 'ASC';
}
