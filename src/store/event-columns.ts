import type { EventPayload, LoggedEvent, OrderEvent } from '../domain/order-event.js';
import type { Actor } from '../domain/viewer.js';
import type { Columns } from './columns.js';

/** An event as a row of `order_events`: its actor is two columns. */
export type EventRow = Omit<OrderEvent, 'actor'> & {
  readonly actor: string | null;
  readonly actorKind: Actor['kind'];
};

/** The columns of `order_events` that an event is read from. */
export const EVENT_COLUMNS = {
  orderId: { name: 'order_id', type: 'uuid', nullable: false },
  version: { name: 'version', type: 'integer', nullable: false },
  type: { name: 'type', type: 'order_event_type', nullable: false },
  from: { name: 'from_status', type: 'order_status', nullable: true },
  to: { name: 'to_status', type: 'order_status', nullable: true },
  changedFields: { name: 'changed_fields', type: 'text[]', nullable: false },
  reason: { name: 'reason', type: 'text', nullable: true },
  actor: { name: 'actor', type: 'text', nullable: true },
  actorKind: { name: 'actor_kind', type: 'text', nullable: false },
  customerId: { name: 'customer_id', type: 'text', nullable: true },
  occurredAt: { name: 'occurred_at', type: 'timestamptz(3)', nullable: false },
  position: { name: 'position', type: 'bigint', nullable: true },
} as const satisfies Columns<EventRow>;

/** What is stored with an event: the command that caused it, and the payload for consumers of the event log. */
export interface EventSource {
  readonly commandId: string;
  /** Hashed. */
  readonly commandKey: Uint8Array | null;
  readonly commandFingerprint: Uint8Array | null;
  readonly traceparent: string | null;
  readonly payload: EventPayload;
}

/** The columns of `order_events` that are stored with an event. */
export const EVENT_SOURCE_COLUMNS = {
  commandId: { name: 'command_id', type: 'uuid', nullable: false },
  commandKey: { name: 'command_key', type: 'bytea', nullable: true },
  commandFingerprint: { name: 'command_fingerprint', type: 'bytea', nullable: true },
  traceparent: { name: 'traceparent', type: 'text', nullable: true },
  payload: { name: 'payload', type: 'jsonb', nullable: false },
} as const satisfies Columns<EventSource>;

/** What is stored with an event of a command. */
export function eventSource({ commandId, key, traceparent }: EventCommand, payload: EventPayload): EventSource {
  const commandFingerprint = key?.fingerprint ?? null;
  return { commandId, commandKey: key?.hash ?? null, commandFingerprint, traceparent, payload };
}

interface EventCommand extends Pick<EventSource, 'commandId' | 'traceparent'> {
  readonly key: { readonly hash: Uint8Array; readonly fingerprint: Uint8Array } | null;
}

export function toEventRow<Event extends { readonly actor: Actor }>({ actor, ...event }: Event) {
  return { ...event, actor: actor.subject, actorKind: actor.kind };
}

export function toEvent({ actor, actorKind, ...event }: EventRow): OrderEvent {
  return { ...event, actor: { subject: actor, kind: actorKind } };
}

/** @param row of an event with a position */
export function toLoggedEvent(row: EventRow): LoggedEvent {
  return toEvent(row) as LoggedEvent;
}

const PAYLOAD_TYPES = {
  currency: 'text',
  status: 'order_status',
  totalMinor: 'numeric',
  createdAt: 'timestamptz(3)',
} as const satisfies Readonly<Record<keyof EventPayload, string>>;

/** A value of the payload in SQL, by the alias of its event. */
export function payloadValue(alias: string, field: keyof EventPayload): string {
  return `(${alias}.payload->>'${field}')::${PAYLOAD_TYPES[field]}`;
}
