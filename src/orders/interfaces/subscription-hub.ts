import type { OrderStatus } from '../../domain/lifecycle.js';
import type { LoggedEvent } from '../../domain/order-event.js';

/** Which events a watcher wants. Null means any. */
export interface EventFilter {
  readonly orderId: string | null;
  readonly customerId: string | null;
  readonly to: readonly OrderStatus[] | null;
}

/** Live events, in the order of the log. */
export interface SubscriptionHub {
  /**
   * Subscribes from now on, until the iterator's `return` is called or the hub closes. The iterator throws a
   * RequestError SLOW_CONSUMER when its reader falls too far behind.
   *
   * @param cost how many values the answer to one event may have
   * @throws RequestError THROTTLED where the subscriptions to the same events would cost too much together
   */
  subscribe(filter: EventFilter, cost: number): AsyncIterableIterator<LoggedEvent, undefined>;
}
