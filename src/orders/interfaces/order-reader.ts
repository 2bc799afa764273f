import type { OrderEvent } from '../../domain/order-event.js';
import type { Order, OrderItem } from '../../domain/order.js';
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
