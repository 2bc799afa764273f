import type { OrderStatus } from './lifecycle.js';
import { formatMoney, type Money } from './money.js';
import { eventId, type EventPayload, type LoggedEvent, type OrderEventType } from './order-event.js';
import type { Actor } from './viewer.js';

/** The version changes if readers must change: see docs/events.md. */
export const MESSAGE_SCHEMA_VERSION = 1;

/** What other services read of an event: docs/order-event.schema.json. Times are in ISO 8601. */
export interface OrderEventMessage {
  readonly schemaVersion: typeof MESSAGE_SCHEMA_VERSION;
  readonly id: string;
  /** A decimal, since JSON readers lose digits of large numbers. */
  readonly position: string;
  readonly orderId: string;
  readonly version: number;
  readonly type: OrderEventType;
  readonly from: OrderStatus | null;
  readonly to: OrderStatus | null;
  readonly changedFields: readonly string[];
  readonly customerId: string | null;
  readonly actor: Pick<Actor, 'kind'>;
  readonly occurredAt: string;
  /** The order after the event. */
  readonly order: {
    readonly status: OrderStatus;
    readonly total: { readonly amount: string; readonly currency: Money['currency'] };
    readonly createdAt: string;
  };
}

/** A payload as it is stored: its times are text. */
export type StoredPayload = Omit<EventPayload, 'createdAt'> & { readonly createdAt?: string };

/**
 * The message about an event. It has no personal data except the customer's id: the reason is free text, and the subject of
 * the actor identifies a person.
 */
export function orderEventMessage(event: LoggedEvent, payload: StoredPayload): OrderEventMessage {
  const { orderId, version, type, from, to, changedFields, customerId, actor } = event;
  const { currency, status, totalMinor } = payload;
  const occurredAt = event.occurredAt.toISOString();
  return {
    schemaVersion: MESSAGE_SCHEMA_VERSION,
    id: eventId(orderId, version),
    position: event.position.toString(),
    orderId,
    version,
    type,
    from,
    to,
    changedFields,
    customerId,
    actor: { kind: actor.kind },
    occurredAt,
    order: {
      status,
      total: { amount: formatMoney({ minor: BigInt(totalMinor), currency }), currency },
      createdAt: payload.createdAt ?? occurredAt, // a creation has the time of the event
    },
  };
}
