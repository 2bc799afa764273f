import type { Viewer } from '../domain/viewer.js';
import type { Bulk } from '../orders/bulk-orders.js';
import type { Changes } from '../orders/change-order.js';
import type { CreateOrderFn } from '../orders/create-order.js';
import type { Caller } from '../orders/interfaces/caller.js';
import type { CoalescedReader } from '../orders/interfaces/order-reader.js';
import type { SubscriptionHub } from '../orders/interfaces/subscription-hub.js';

/** What the resolvers call: the application, already put together. */
export interface Services {
  readonly createOrder: CreateOrderFn;
  readonly changes: Changes;
  readonly bulk: Bulk;
  readonly readerFor: (caller: Caller) => CoalescedReader;
  readonly hub: SubscriptionHub;
  /** Logs an unexpected failure. @returns the correlation id that the client is told */
  readonly report: (error: unknown) => string;
  /** Longest time of one request, or of the answer to one event, in milliseconds. */
  readonly deadlineMs: number;
}

/** One request's view of the application. */
export interface Context {
  readonly services: Services;
  readonly caller: Caller;
  /** Batches and remembers look-ups within this request, up to its next write. */
  reader: CoalescedReader;
  /** Names in the answer of the mutations whose write is stored. */
  readonly stored: Set<string | number>;
}

/** @param signal aborts when the client disconnects */
export function createContext(services: Services, viewer: Viewer, signal: AbortSignal): Context {
  const caller: Caller = { viewer, deadline: performance.now() + services.deadlineMs, signal };
  return { services, caller, reader: services.readerFor(caller), stored: new Set() };
}

/**
 * What follows a write: the mutations of one request see each other's work, and the reads of a payload have a deadline of
 * their own, however much of the request's the write has used up.
 *
 * @param name of the mutation in the answer, where its write is stored; null where it was rejected
 */
export function afterWrite(context: Context, name: string | number | null): void {
  const { services, caller } = context;
  if (name !== null) context.stored.add(name);
  context.reader = services.readerFor({ ...caller, deadline: performance.now() + services.deadlineMs });
}

/** The same caller with fresh loaders and a new deadline: a subscription outlives what a loader may remember. */
export function renewContext({ services, caller }: Context): Context {
  return createContext(services, caller.viewer, caller.signal);
}
