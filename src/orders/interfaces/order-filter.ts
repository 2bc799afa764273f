import type { OrderStatus } from '../../domain/lifecycle.js';

export const ORDER_SORT_FIELDS = ['CREATED_AT', 'UPDATED_AT', 'TOTAL'] as const;

export type OrderSortField = (typeof ORDER_SORT_FIELDS)[number];

export type SortDirection = 'ASC' | 'DESC';

/** The sort values of an order: the field of the ordering, and the id for orders that are equal in it. */
export interface SortKey {
  /** As text: a time as RFC 3339, a total in minor units. */
  readonly key: string;
  readonly id: string;
}

/** Maximum number of values of a list in a filter. */
export const MAX_FILTER_VALUES = 100;

/** One of the values (sorted, without repeats; none match an empty list), or all texts with a prefix. */
export type TextFilter = { readonly values: readonly string[] } | { readonly prefix: string };

/** `gte` is inclusive, `lt` exclusive; null is no bound. */
export interface TimeRange {
  readonly gte: Date | null;
  readonly lt: Date | null;
}

/** A filter of orders. Every condition must hold; null is no condition. */
export interface OrderFilter {
  readonly customerId: string | null;
  /** Whether the orders have no customer. */
  readonly isGuest: boolean | null;
  /** Sorted, without repeats; no order matches an empty list. */
  readonly statuses: readonly OrderStatus[] | null;
  /** In lower case; compared without case. */
  readonly customerEmail: TextFilter | null;
  readonly externalReference: TextFilter | null;
  readonly number: TextFilter | null;
  readonly createdAt: TimeRange | null;
  readonly updatedAt: TimeRange | null;
  /** In minor units, as text; both bounds are inclusive. */
  readonly total: { readonly gte: string | null; readonly lte: string | null } | null;
  readonly currency: string | null;
  /** Whether a prefix must be looked for among the orders of the customer only: the time must not depend on those of others. */
  readonly isPrivate?: true;
}

/** Orders of a filter between two sort keys, at most `limit`. */
export interface OrderRange {
  readonly filter: OrderFilter;
  readonly field: OrderSortField;
  /** The direction of the result; `after` and `before` refer to it. */
  readonly direction: SortDirection;
  readonly after: SortKey | null;
  readonly before: SortKey | null;
  /** Whether the order at `after` is included. */
  readonly inclusive: boolean;
  readonly limit: number;
  /** Whether the large fields of the orders are read: notes, metadata, addresses, tracking. Otherwise they are empty. */
  readonly hasDetails: boolean;
}

/** A count of orders. Counting stops at `limit`; null counts all. */
export interface CountRequest {
  readonly filter: OrderFilter;
  readonly limit: number | null;
}
