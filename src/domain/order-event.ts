import { INITIAL_STATUS, ORDER_STATUSES, type OrderStatus } from './lifecycle.js';
import type { NewOrder, Order } from './order.js';
import type { Actor } from './viewer.js';

export type OrderEventType = 'CREATED' | 'STATUS_CHANGED' | 'UPDATED' | 'DELETED';

/** An event of an order. The versions of an order are 1, 2, 3 … without gaps. */
export interface OrderEvent {
  readonly orderId: string;
  readonly version: number;
  readonly type: OrderEventType;
  /** Null at creation, and if the status did not change. */
  readonly from: OrderStatus | null;
  readonly to: OrderStatus | null;
  /** Names of the changed fields as in the API; empty at creation and deletion. */
  readonly changedFields: readonly string[];
  readonly reason: string | null;
  readonly actor: Actor;
  readonly customerId: string | null;
  readonly occurredAt: Date;
  /** Position in the event log; null until the sequencer has assigned it. */
  readonly position: bigint | null;
}

/** An event with a position in the log. */
export type LoggedEvent = OrderEvent & { readonly position: bigint };

/** The globally unique id of an event. */
export function eventId(orderId: string, version: number): string {
  return `event:${orderId}:${version}`;
}

/** What happened to an order: the new status of a creation or status change, or the type of another event. */
export type EventKind = OrderStatus | 'UPDATED' | 'DELETED';

export const EVENT_KINDS: readonly EventKind[] = [...ORDER_STATUSES, 'UPDATED', 'DELETED'];

export function kindOf({ to, type }: Pick<OrderEvent, 'to' | 'type'>): EventKind {
  return to ?? (type as EventKind); // creations and status changes always have a new status
}

/** The kinds of events of some types that lead to some statuses. Null is no condition; only creations lead to the initial status. */
export function kindsOf(
  types: readonly OrderEventType[] | null,
  to: readonly OrderStatus[] | null,
): readonly EventKind[] | null {
  if (types === null && to === null) return null;
  const statuses: readonly EventKind[] | null = to;
  return EVENT_KINDS.filter((kind) => (statuses?.includes(kind) ?? true) && (types?.includes(typeOf(kind)) ?? true));
}

function typeOf(kind: EventKind): OrderEventType {
  if (kind === 'UPDATED' || kind === 'DELETED') return kind;
  return kind === INITIAL_STATUS ? 'CREATED' : 'STATUS_CHANGED';
}

/** The event of a creation, before the database has assigned its time. */
export type NewOrderEvent = Omit<OrderEvent, 'occurredAt'>;

/** The state of the order after the event, for consumers of the log: docs/event-payload.schema.json. */
export interface EventPayload {
  readonly currency: string;
  readonly status: OrderStatus;
  /** In minor units of the currency. */
  readonly totalMinor: string;
  /** Omitted in a creation, whose own time it is. */
  readonly createdAt?: Date;
}

/** @param order a new one has no time of creation yet */
export function eventPayload(order: NewOrder & Partial<Pick<Order, 'createdAt'>>): EventPayload {
  const { currency, status, total, createdAt } = order;
  const payload = { currency, status, totalMinor: total.toString() };
  return createdAt === undefined ? payload : { ...payload, createdAt };
}

/** The time of the next change: a clock that is set back must not reverse the history. */
export function timeOfChange(order: Order, now: Date): Date {
  return now < order.updatedAt ? order.updatedAt : now;
}

type Cause = Pick<OrderEvent, 'actor' | 'reason'>;

/** The event of a new order. */
export function creationEvent(order: NewOrder, { actor, reason }: Cause): NewOrderEvent {
  return eventBetween(null, order, { type: 'CREATED', changedFields: [] }, { actor, reason });
}

/** The event between an order and its next version. */
export function eventOf(
  order: Order,
  next: Order,
  what: Pick<OrderEvent, 'type' | 'changedFields'>,
  cause: Cause,
): OrderEvent {
  return { ...eventBetween(order, next, what, cause), occurredAt: next.updatedAt };
}

function eventBetween(
  before: Order | null,
  after: NewOrder,
  { type, changedFields }: Pick<OrderEvent, 'type' | 'changedFields'>,
  { actor, reason }: Cause,
): NewOrderEvent {
  const transitioned = before?.status !== after.status;
  return {
    orderId: after.id,
    version: after.version,
    type,
    from: transitioned ? (before?.status ?? null) : null,
    to: transitioned ? after.status : null,
    changedFields,
    reason,
    actor,
    customerId: after.customerId ?? before?.customerId ?? null, // a deletion erases the customer of the order
    position: null,
  };
}
