import type { OrderStatus } from '../../domain/lifecycle.js';

export const ORDER_SORT_FIELDS = ['CREATED_AT', 'UPDATED_AT', 'TOTAL'] as const;

export type OrderSortField = (typeof ORDER_SORT_FIELDS)[number];

export type SortDirection = 'ASC' | 'DESC';

/** A place in an ordering of orders: what they are sorted by, and the id that tells equals apart. */
export interface SortKey {
  /** As text: a time as RFC 3339, a total in minor units. */
  readonly key: string;
  readonly id: string;
}

/** One of these texts (sorted, without repeats; empty means none at all), or those that begin like this. */
export type TextFilter = { readonly values: readonly string[] } | { readonly prefix: string };

/** From `gte` on and before `lt`; null leaves that side open. */
export interface TimeRange {
  readonly gte: Date | null;
  readonly lt: Date | null;
}

/** Which orders are meant. Null means any; everything else must hold. */
export interface OrderFilter {
  readonly customerId: string | null;
  /** Whether they have no customer. Null where `customerId` names one. */
  readonly isGuest: boolean | null;
  /** Sorted, without repeats; empty means none at all. */
  readonly statuses: readonly OrderStatus[] | null;
  /** However they are capitalised. */
  readonly customerEmail: TextFilter | null;
  readonly externalReference: TextFilter | null;
  readonly number: TextFilter | null;
  readonly createdAt: TimeRange | null;
  readonly updatedAt: TimeRange | null;
  /** In minor units, as text, both ends included. */
  readonly total: { readonly gte: string | null; readonly lte: string | null } | null;
  readonly currency: string | null;
}

/** A stretch of orders by what they are sorted by, then `id`, between two places, cut off after `limit`. */
export interface OrderRange {
  readonly filter: OrderFilter;
  readonly field: OrderSortField;
  /** In which direction the answer runs; `after` and `before` are meant in it. */
  readonly direction: SortDirection;
  readonly after: SortKey | null;
  readonly before: SortKey | null;
  /** Whether the order at `after` itself belongs to it. */
  readonly inclusive: boolean;
  readonly limit: number;
}

/** A count of orders; counting stops at `limit` where there is one. */
export interface CountRequest {
  readonly filter: OrderFilter;
  readonly limit: number | null;
}
