import { RequestError } from '../domain/errors.js';
import { ORDER_STATUSES, type OrderStatus } from '../domain/lifecycle.js';
import type { Order } from '../domain/order.js';
import { ownerFilter, type Viewer } from '../domain/viewer.js';
import { decodeOrderCursor, encodeOrderCursor, type Ordering } from './cursor.js';
import type { CoalescedReader, OrderPlace, OrderRange, OrderSelection, SortDirection } from './ports.js';

export const PAGE_SIZE = { default: 20, most: 100 } as const;

export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

export interface OrderCondition {
  readonly status?: StatusCondition | null | undefined;
  readonly customerId?: string | null | undefined;
}

export interface StatusCondition {
  readonly eq?: OrderStatus | null | undefined;
  readonly in?: readonly OrderStatus[] | null | undefined;
  readonly notIn?: readonly OrderStatus[] | null | undefined;
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
    throw new RequestError('BAD_USER_INPUT', 'Give first or last, not both.', { details: { argument: 'last' } });
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
}

export interface OrderPageRequest {
  readonly page: PageArguments;
  readonly where: OrderCondition;
  readonly ordering: Ordering;
}

/** One page of orders, by keyset: rows inserted meanwhile neither repeat nor hide others. */
export async function pageOrders(
  reader: CoalescedReader,
  viewer: Viewer,
  { page, where, ordering }: OrderPageRequest,
): Promise<OrderPage> {
  const { size, fromBack } = pageSize(page);
  const after = cursorOf(page.after, 'after', ordering);
  const before = cursorOf(page.before, 'before', ordering);
  const selection = select(where, viewer);
  // Read in the direction that starts at the page's anchor, one more than asked: it tells whether there are more.
  const range: OrderRange = {
    selection,
    direction: fromBack ? opposite(ordering.direction) : ordering.direction,
    after: fromBack ? before : after,
    before: fromBack ? after : before,
    inclusive: false,
    limit: size + 1,
  };
  const found = isEmpty(selection) ? [] : await reader.range(range);
  const overflowed = found.length > size;
  const nodes = found.slice(0, size);
  if (fromBack) nodes.reverse();

  const beyond = (direction: SortDirection, edge: Order | undefined, bound: OrderPlace | null) =>
    existsBeyond(reader, selection, direction, edge ?? null, bound);
  const ahead = { direction: ordering.direction, edge: nodes.at(-1), bound: before };
  const behind = { direction: opposite(ordering.direction), edge: nodes[0], bound: after };
  return {
    edges: nodes.map((node) => ({ cursor: encodeOrderCursor(node, ordering), node })),
    hasNextPage: async () => (!fromBack && overflowed) || (await beyond(ahead.direction, ahead.edge, ahead.bound)),
    hasPreviousPage: async () =>
      (fromBack && overflowed) || (await beyond(behind.direction, behind.edge, behind.bound)),
    totalCount: async () => (isEmpty(selection) ? 0 : reader.count(selection)),
  };
}

/**
 * Whether orders lie beyond a page in one direction. Without a bound on that side the page ran to the end of the list,
 * so there are none; an empty page asks from its bound on, the order at the bound included.
 */
async function existsBeyond(
  reader: CoalescedReader,
  selection: OrderSelection,
  direction: SortDirection,
  edge: OrderPlace | null,
  bound: OrderPlace | null,
): Promise<boolean> {
  if (bound === null || isEmpty(selection)) return false;
  const inclusive = edge === null;
  const { createdAt, id } = edge ?? bound;
  const rows = await reader.range({
    selection,
    direction,
    after: { createdAt, id },
    before: null,
    inclusive,
    limit: 1,
  });
  return rows.length > 0;
}

function cursorOf(cursor: string | null | undefined, argument: string, ordering: Ordering): OrderPlace | null {
  return cursor === null || cursor === undefined ? null : decodeOrderCursor(cursor, argument, ordering);
}

function opposite(direction: SortDirection): SortDirection {
  return direction === 'ASC' ? 'DESC' : 'ASC';
}

function isEmpty(selection: OrderSelection): boolean {
  return selection.statuses?.length === 0;
}

/** The condition as the store takes it: everything given must hold, and nothing of another owner is in it. */
function select(where: OrderCondition, viewer: Viewer): OrderSelection {
  const owner = ownerFilter(viewer);
  const customerId = where.customerId ?? owner;
  const foreign = owner !== null && (owner === '' || customerId !== owner);
  return { customerId, statuses: foreign ? [] : statusesOf(where.status) };
}

function statusesOf(condition: StatusCondition | null | undefined): readonly OrderStatus[] | null {
  const { eq, in: among, notIn } = condition ?? {};
  const statuses = ORDER_STATUSES.filter(
    (status) =>
      (eq === null || eq === undefined || status === eq) &&
      (among?.includes(status) ?? true) &&
      !(notIn?.includes(status) ?? false),
  );
  return statuses.length === ORDER_STATUSES.length ? null : statuses;
}
