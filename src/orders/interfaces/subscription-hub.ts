import type { OrderStatus } from '../../domain/lifecycle.js';
import type { LoggedEvent } from '../../domain/order-event.js';

/** A filter of events. Null is no condition. */
export interface EventFilter {
  readonly orderId: string | null;
  readonly customerId: string | null;
  readonly to: readonly OrderStatus[] | null;
}

/** Delivers live events in log order. */
export interface SubscriptionHub {
  /**
   * Subscribes to events from now on, until `return` of the iterator is called or the hub closes. The iterator throws
   * RequestError SLOW_CONSUMER if its reader falls too far behind.
   *
   * @param cost of the response to one event, in values
   * @throws RequestError THROTTLED if all subscriptions to the same events would cost too much
   */
  subscribe(filter: EventFilter, cost: number): AsyncIterableIterator<LoggedEvent, undefined>;
}
