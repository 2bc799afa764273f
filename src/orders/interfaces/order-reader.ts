import type { OrderEvent } from '../../domain/order-event.js';
import type { Order, OrderItem } from '../../domain/order.js';
import type { EventFilter, EventPage, EventPageKey, LatestEvents, StartPoint } from './event-log.js';
import type { CountRequest, OrderRange } from './order-filter.js';
import type { StatsKey, StatsReading, StatsSeriesKey, StatsSeriesRow, StatsSpan } from './order-statistics.js';

/** An idempotency key of a change of an order. */
export interface CommandKey {
  readonly orderId: string;
  /** Hashed, in hexadecimal. */
  readonly key: string;
}

/** A customer's external reference; the customer is '' for guests. */
export interface ReferenceKey {
  readonly customerId: string;
  readonly reference: string;
}

/** The orders of a customer, at most `limit`. */
export interface CustomerOrdersKey {
  readonly customerId: string;
  readonly limit: number;
}

/** Events `from` to `to` of one order, both included, by version. */
export interface EventRange {
  readonly orderId: string;
  readonly from: number;
  readonly to: number;
}

/** A customer, with the name and e-mail address of the latest order. */
export interface CustomerRecord {
  readonly customerId: string;
  readonly name: string | null;
  readonly email: string | null;
}

/** One caller's reads. Each is coalesced with those of all other callers. */
export interface OrderReader extends Omit<SingleReads, 'items'> {
  /** Items that have been prefetched are returned themselves, without a promise. */
  items(orderId: string): readonly OrderItem[] | Promise<readonly OrderItem[]>;
  /** Keeps the items of an order that are known already, for `items`. */
  primeItems(orderId: string, items: readonly OrderItem[]): void;
  /** A page for a subscription that replays the log. It waits for other replays, and delays no other read. */
  replayPage(key: EventPageKey): Promise<EventPage>;
  /**
   * Reads the items of orders by one call. Never rejects: `items` fails for an order whose items could not be read.
   *
   * @returns the number of items of each order; 0 where they could not be read
   */
  prefetchItems(orderIds: readonly string[]): Promise<readonly number[]>;
}

/** The kinds of reads. */
interface SingleReads {
  order(id: string): Promise<Order | null>;
  /** Whether the order or its tombstone exists. */
  isKnown(id: string): Promise<boolean>;
  /** Whether an order was changed under an idempotency key. */
  isCommandKnown(key: CommandKey): Promise<boolean>;
  items(orderId: string): Promise<readonly OrderItem[]>;
  range(range: OrderRange): Promise<Order[]>;
  count(request: CountRequest): Promise<number>;
  idOfNumber(number: string): Promise<string | null>;
  idOfReference(key: ReferenceKey): Promise<string | null>;
  customer(customerId: string): Promise<CustomerRecord | null>;
  /** Ids of orders of a customer, in any sequence, including the tombstones whose events name the customer. */
  idsOfCustomer(key: CustomerOrdersKey): Promise<readonly string[]>;
  events(range: EventRange): Promise<OrderEvent[]>;
  eventPage(key: EventPageKey): Promise<EventPage>;
  /** @param limit the maximum number of events without a position */
  startPoint(limit: number): Promise<StartPoint>;
  /** @param filter must have an order or a customer, whose number of orders the caller bounds */
  latestEvents(filter: EventFilter): Promise<LatestEvents>;
  stats(key: StatsKey): Promise<StatsReading>;
  statsSpan(key: StatsKey): Promise<StatsSpan>;
  statsSeries(key: StatsSeriesKey): Promise<readonly StatsSeriesRow[]>;
}

/** Identifies a key within its kind of read. */
export interface KeyName {
  /** Keys of one shape are read by one statement. */
  readonly shape: string;
  /** Differs between the keys of a shape, unless they are equal. */
  readonly member: string;
}

/** One kind of read, as the store implements it. */
export interface BatchRead<K, V> {
  readonly nameOf: (key: K) => KeyName;
  /**
   * Reads keys of one shape by one statement: a value for each, in their order.
   *
   * @param abandoned aborts when no caller waits any more; only for a cancellable kind
   */
  readonly read: (keys: readonly K[], abandoned: AbortSignal) => Promise<readonly V[]>;
  /** Whether a running read ends when no caller waits for it any more. */
  readonly isCancellable?: boolean;
  /** Maximum number of keys of the shape of a key in one statement, if there is one. */
  readonly maxKeysOf?: (key: K) => number;
}

/** The kinds of reads, in batches. */
export type BatchOrderReader = {
  readonly [Name in keyof SingleReads]: BatchRead<
    Parameters<SingleReads[Name]>[0],
    Awaited<ReturnType<SingleReads[Name]>>
  >;
};
