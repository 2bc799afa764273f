import type { LoggedEvent } from '../../domain/order-event.js';
import type { EventFilter, PendingEvent } from './event-log.js';

/** Delivers live events in log order. */
export interface SubscriptionHub {
  /**
   * Joins the subscribers of a filter. Nothing is delivered before `goLive`.
   *
   * @param cost of the response to one event, in values
   * @throws RequestError THROTTLED if all subscriptions to the same events would cost too much
   */
  join(filter: EventFilter, cost: number): LiveEvents;
}

/**
 * Why live events end: the reader has left, the server shuts down, the reader falls too far behind, or the log was restored
 * to an earlier state.
 */
export type LiveEnd = 'closed' | 'stopped' | 'overflowed' | 'rewound';

/** The live events of one subscription, in a bounded queue. */
export interface LiveEvents {
  /**
   * Starts the delivery of the events after a position, without those that had no position when the subscription began.
   * It takes effect at once.
   *
   * @returns false if the hub does not have all events after the position: read the log to its end, and call it again
   */
  goLive(after: bigint, pending: readonly PendingEvent[]): boolean;
  /** The next event, or why the events have ended. */
  next(): Promise<LoggedEvent | LiveEnd>;
  /** Null while events are delivered. The queue may still have events. */
  readonly end: LiveEnd | null;
  /** Ends at once. A pending `next` resolves with `closed`. */
  leave(): void;
}
