import type { ChangeCommand } from '../domain/decide-change.js';
import type { FieldPath, Refusal } from '../domain/errors.js';
import type { LoggedEvent, OrderEvent } from '../domain/order-event.js';
import type { OrderStatus } from '../domain/lifecycle.js';
import type { Order, OrderDraft, OrderItem } from '../domain/order.js';
import type { ProcessingTime } from '../domain/order-statistics.js';
import type { Actor, Viewer } from '../domain/viewer.js';

/**
 * What the application needs of the world. Every function that reads or writes orders takes an array and answers an
 * array of the same length, in the same order.
 */

/** Bounds of one caller's wait: leave the queue when the caller has gone or the deadline has passed. */
export interface Patience {
  /** When the answer is no longer wanted, as `performance.now()` counts. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** A start of work that must call `release` exactly once when the work has ended. */
export type StartInLane = (release: () => void) => void;

/** A bounded number of things under way at once; the others wait their turn, first come, first served. */
export interface Lanes {
  enter(start: StartInLane): void;
}

/** A command that stores a new order. */
export interface PlaceOrder {
  readonly kind: 'place';
  readonly orderId: string;
  /** Names this command in its event, so that a retry after a lost connection knows its own work. */
  readonly commandId: string;
  readonly viewer: Viewer;
  readonly actor: Actor;
  /** Null where the order is known to be there: only what became of it is asked. */
  readonly draft: OrderDraft | null;
  /** Of the normalised request; another one under the same id is refused. */
  readonly fingerprint: Uint8Array;
  /** Where the id or the key stands in the caller's arguments. */
  readonly field: FieldPath;
}

/** A command that changes an order. */
export interface ChangeOrder extends ChangeCommand {
  readonly kind: 'change';
  readonly orderId: string;
  readonly commandId: string;
  /** The caller's idempotency key, hashed with issuer and subject, and what it was used for. */
  readonly key: { readonly hash: Uint8Array; readonly fingerprint: Uint8Array } | null;
}

/** New orders of which either all are stored or none: one unit, whatever happens to its batch. */
export interface PlaceGroup {
  readonly kind: 'group';
  readonly orders: readonly PlaceOrder[];
}

export type WriteCommand = PlaceOrder | ChangeOrder | PlaceGroup;

/** What became of one order's command. */
export type OrderOutcome =
  | { readonly kind: 'placed'; readonly order: Order; readonly replayed: boolean }
  | {
      readonly kind: 'changed';
      readonly order: Order;
      readonly changed: boolean;
      /** An earlier request under the same idempotency key made the change. */
      readonly replayed: boolean;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Nothing is wrong with it, but another one of its group was refused. */
  | { readonly kind: 'aborted' };

export type WriteOutcome = OrderOutcome | { readonly kind: 'group'; readonly outcomes: readonly OrderOutcome[] };

/** Stores commands, several callers' in one transaction. Rejects with a RequestError or an unexpected failure. */
export interface OrderWriter {
  write(command: WriteCommand, patience: Patience): Promise<WriteOutcome>;
}

export const ORDER_SORT_FIELDS = ['CREATED_AT', 'UPDATED_AT', 'TOTAL'] as const;

export type OrderSortField = (typeof ORDER_SORT_FIELDS)[number];

export type SortDirection = 'ASC' | 'DESC';

/** A place in an ordering of orders: what they are sorted by, and the id that tells equals apart. */
export interface OrderPlace {
  /** As text: a time as RFC 3339, a total in minor units. */
  readonly key: string;
  readonly id: string;
}

/** One of these texts (sorted, without repeats; empty means none at all), or those that begin like this. */
export type TextSelection = { readonly values: readonly string[] } | { readonly prefix: string };

/** From `gte` on and before `lt`; null leaves that side open. */
export interface TimeRange {
  readonly gte: Date | null;
  readonly lt: Date | null;
}

/** Which orders are meant. Null means any; everything else must hold. */
export interface OrderSelection {
  readonly customerId: string | null;
  /** Whether they have no customer. Null where `customerId` names one. */
  readonly isGuest: boolean | null;
  /** Sorted, without repeats; empty means none at all. */
  readonly statuses: readonly OrderStatus[] | null;
  /** However they are capitalised. */
  readonly customerEmail: TextSelection | null;
  readonly externalReference: TextSelection | null;
  readonly number: TextSelection | null;
  readonly createdAt: TimeRange | null;
  readonly updatedAt: TimeRange | null;
  /** In minor units, as text, both ends included. */
  readonly total: { readonly gte: string | null; readonly lte: string | null } | null;
  readonly currency: string | null;
}

/** A stretch of orders by what they are sorted by, then `id`, between two places, cut off after `limit`. */
export interface OrderRange {
  readonly selection: OrderSelection;
  readonly field: OrderSortField;
  /** In which direction the answer runs; `after` and `before` are meant in it. */
  readonly direction: SortDirection;
  readonly after: OrderPlace | null;
  readonly before: OrderPlace | null;
  /** Whether the order at `after` itself belongs to it. */
  readonly inclusive: boolean;
  readonly limit: number;
}

/** A count of orders; counting stops at `limit` where there is one. */
export interface CountRequest {
  readonly selection: OrderSelection;
  readonly limit: number | null;
}

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

/** Events `from` to `to` of one order, both included, by version. */
export interface EventRange {
  readonly orderId: string;
  readonly from: number;
  readonly to: number;
}

/** A customer as its latest order shows it. */
export interface CustomerRecord {
  readonly customerId: string;
  readonly name: string | null;
  readonly email: string | null;
}

export interface OrderReader {
  readonly orders: (ids: readonly string[]) => Promise<(Order | null)[]>;
  /** Whether there is such an order, or the tombstone of one. */
  readonly known: (ids: readonly string[]) => Promise<boolean[]>;
  /** Whether an order was changed under an idempotency key. */
  readonly commands: (keys: readonly CommandKey[]) => Promise<boolean[]>;
  readonly items: (orderIds: readonly string[]) => Promise<OrderItem[][]>;
  readonly ranges: (ranges: readonly OrderRange[]) => Promise<(Order[] | Error)[]>;
  readonly counts: (requests: readonly CountRequest[]) => Promise<(number | Error)[]>;
  /** Ids of orders by number. */
  readonly numbers: (numbers: readonly string[]) => Promise<(string | null)[]>;
  /** Ids of orders by external reference. */
  readonly references: (keys: readonly ReferenceKey[]) => Promise<(string | null)[]>;
  readonly customers: (customerIds: readonly string[]) => Promise<(CustomerRecord | null)[]>;
  readonly events: (ranges: readonly EventRange[]) => Promise<OrderEvent[][]>;
  readonly stats: (keys: readonly StatsKey[]) => Promise<(StatsReading | Error)[]>;
  readonly statsSpans: (keys: readonly StatsKey[]) => Promise<(StatsSpan | Error)[]>;
  readonly statsSeries: (keys: readonly StatsSeriesKey[]) => Promise<(readonly StatsSeriesRow[] | Error)[]>;
}

/** One caller's view of the reader: single look-ups that are coalesced with everybody else's. */
export interface CoalescedReader {
  order(id: string): Promise<Order | null>;
  isKnown(id: string): Promise<boolean>;
  isCommandKnown(key: CommandKey): Promise<boolean>;
  items(orderId: string): Promise<OrderItem[]>;
  range(range: OrderRange): Promise<Order[]>;
  count(request: CountRequest): Promise<number>;
  idOfNumber(number: string): Promise<string | null>;
  idOfReference(key: ReferenceKey): Promise<string | null>;
  customer(customerId: string): Promise<CustomerRecord | null>;
  events(range: EventRange): Promise<OrderEvent[]>;
  stats(key: StatsKey): Promise<StatsReading>;
  statsSpan(key: StatsKey): Promise<StatsSpan>;
  statsSeries(key: StatsSeriesKey): Promise<readonly StatsSeriesRow[]>;
}

/** Which events a watcher wants. Null means any. */
export interface EventFilter {
  readonly orderId: string | null;
  readonly customerId: string | null;
  readonly to: readonly OrderStatus[] | null;
}

/** Live events, in the order of the log. */
export interface EventFeed {
  /**
   * Subscribes from now on, until the iterator's `return` is called or the feed closes. The iterator throws a
   * RequestError SLOW_CONSUMER when its reader falls too far behind.
   *
   * @param cost how many values the answer to one event may have
   * @throws RequestError THROTTLED where the subscriptions to the same events would cost too much together
   */
  subscribe(filter: EventFilter, cost: number): AsyncIterableIterator<LoggedEvent, undefined>;
}

/** The log of all events: positions are dense, given after commit, and never appear behind one that was seen. */
export interface LogStore {
  /**
   * Gives positions to at most `limit` committed events that have none.
   *
   * @param orderIds only the events of these orders: costs the same however large the log is; null looks everywhere
   * @returns how many, or `taken` where another process is at it
   */
  sequence(limit: number, orderIds: readonly string[] | null): Promise<number | 'taken'>;
  lastPosition(): Promise<bigint>;
  /** At most `limit` events behind a position, without a gap. */
  read(after: bigint, limit: number): Promise<LoggedEvent[]>;
}

/** A product as the catalogue sells it. */
export interface Product {
  readonly id: string;
  readonly name: string;
  /** Of one piece, in major units: a plain decimal ("12.50"). */
  readonly price: string;
  /** ISO 4217. */
  readonly currency: string;
}

/** What the catalogue says of a product id. */
export type ProductAnswer =
  | { readonly kind: 'found'; readonly product: Product }
  | { readonly kind: 'unknown' }
  /** It could not be asked, or its answer made no sense; asking again later may help. */
  | { readonly kind: 'unavailable'; readonly cause: Error };

/** Where names and prices come from that orders do not bring themselves. */
export interface Catalogue {
  /** One answer an id, in the ids' order. Never rejects: a service that fails is `unavailable`. */
  products(ids: readonly string[], patience: Patience): Promise<readonly ProductAnswer[]>;
}

/** From `from` on and before `to`, both whole hours in UTC; null leaves that side open. */
export interface StatsPeriod {
  readonly from: Date | null;
  readonly to: Date | null;
}

/** Orders of one currency and status, by when they were created. */
export interface StatsRow {
  readonly currency: string;
  readonly status: OrderStatus;
  readonly count: number;
  /** What they cost together, in minor units. */
  readonly gross: bigint;
}

/** What is known of the orders of a period. */
export interface StatsReading {
  readonly rows: readonly StatsRow[];
  readonly processing: ProcessingTime | null;
  /** When the last change happened that is counted. */
  readonly asOf: Date;
}

export type StatsInterval = 'HOUR' | 'DAY';

export interface StatsSeriesRow extends StatsRow {
  /** Beginning of the hour or day, in UTC. */
  readonly startsAt: Date;
}

/** Which statistics are meant. */
export interface StatsKey {
  readonly period: StatsPeriod;
  /** Only this customer's orders: computed from them, where those of all are kept summed up. */
  readonly customerId: string | null;
}

export interface StatsSeriesKey extends StatsKey {
  readonly interval: StatsInterval;
}

/** When the first and the last hour with orders begin; null where there are none. */
export type StatsSpan = { readonly first: Date; readonly last: Date } | null;

/** Keeps the statistics, exactly once an event. */
export interface StatsKeeper {
  /**
   * Counts at most `limit` further events where there are at least `least`.
   *
   * @returns how many; none where another process counts
   */
  advance(limit: number, least: number): Promise<number>;
}
