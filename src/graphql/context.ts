import type { CreatedOrder } from '../orders/create-order.js';
import type { SubscribeToEvents } from '../orders/event-subscriptions.js';
import type { Caller } from '../orders/interfaces/caller.js';
import type { EventPrice } from '../orders/interfaces/event-price.js';
import type { OrderReader } from '../orders/interfaces/order-reader.js';
import type { OrderDependencies } from '../orders/order-dependencies.js';

/** The dependencies of the resolvers. */
export interface Services {
  readonly orders: OrderDependencies;
  readonly subscribe: SubscribeToEvents;
  /** Logs an unexpected error. @returns the correlation id that the client gets */
  readonly report: (error: unknown) => string;
  /** Time limit of one request, or of the response to one event, in milliseconds. */
  readonly deadlineMs: number;
}

/** The context of one request. */
export interface Context {
  readonly services: Services;
  readonly caller: Caller;
  /** Batches and caches the reads of this request, up to its next write. */
  reader: OrderReader;
  /** Response names of the mutations whose write is stored. */
  readonly stored: Set<string | number>;
  /** The price of the events of a subscription. Null for a query or a mutation. */
  readonly eventCharge: EventCharge | null;
}

export type EventCharge = Omit<EventPrice, 'page'>;

/** The part of a caller that its request determines. */
export type RequestOrigin = Pick<Caller, 'viewer' | 'signal' | 'traceparent'>;

export function createContext(
  services: Services,
  { viewer, signal, traceparent }: RequestOrigin,
  eventCharge: EventCharge | null = null,
): Context {
  const caller: Caller = { viewer, deadline: performance.now() + services.deadlineMs, signal, traceparent };
  return { services, caller, reader: services.orders.readerFor(caller), stored: new Set(), eventCharge };
}

/**
 * Replaces the reader after a write, so that later reads see the write and have a full deadline.
 *
 * @param name the response name of a mutation whose write is stored; null if it was rejected
 */
export function afterWrite(context: Context, name: string | number | null): void {
  const { services, caller } = context;
  if (name !== null) context.stored.add(name);
  context.reader = services.orders.readerFor({ ...caller, deadline: performance.now() + services.deadlineMs });
}

/** Keeps the items of an order that was created, so that they are not read. */
export function keepItems({ reader }: Context, { order, items }: CreatedOrder): void {
  if (items !== undefined) reader.primeItems(order.id, items);
}

/** The context for one event of a subscription: a new deadline and an empty cache. */
export function renewContext({ services, caller }: Context): Context {
  return createContext(services, caller);
}
