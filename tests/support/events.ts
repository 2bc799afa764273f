import type { LoggedEvent } from '../../src/domain/order-event.js';
import type { EventPrice } from '../../src/orders/interfaces/event-price.js';

/** The price of a subscription without a rate limit. */
export const FREE: EventPrice = { event: 1, page: 1, payAtOnce: () => undefined, pay: async () => undefined };

/** A status change as the log tailer returns it. Its position equals its version. */
export function loggedEvent(version: number, more: Partial<LoggedEvent> = {}): LoggedEvent {
  return {
    orderId: 'x',
    version,
    type: 'STATUS_CHANGED',
    from: 'PENDING',
    to: 'CONFIRMED',
    changedFields: [],
    reason: null,
    actor: { subject: null, kind: 'system' },
    customerId: null,
    occurredAt: new Date(0),
    position: BigInt(version),
    ...more,
  };
}
