import { RequestError } from '../domain/errors.js';
import type { LoggedEvent } from '../domain/events.js';
import { encodeResumeCursor } from '../orders/cursor.js';
import type { EventFeed, EventFilter } from '../orders/ports.js';

export interface PublishingFeed extends EventFeed {
  readonly publish: (events: readonly LoggedEvent[]) => void;
  /** Ends every subscription. */
  close(): void;
}

/** Hands the tail's events to everybody who watches. Nobody's slowness reaches anybody else. */
export function createFeed({ maxQueued }: { readonly maxQueued: number }): PublishingFeed {
  const byOrder = new Map<string, Set<Subscriber>>();
  const others = new Set<Subscriber>();
  let closed = false;

  function setOf(orderId: string | null): Set<Subscriber> {
    if (orderId === null) return others;
    const existing = byOrder.get(orderId);
    if (existing !== undefined) return existing;
    const created = new Set<Subscriber>();
    byOrder.set(orderId, created);
    return created;
  }

  function remove(subscriber: Subscriber): void {
    const { orderId } = subscriber.filter;
    const set = orderId === null ? others : byOrder.get(orderId);
    set?.delete(subscriber);
    if (orderId !== null && set?.size === 0) byOrder.delete(orderId);
  }

  return {
    subscribe(filter) {
      const subscriber = new Subscriber(filter, maxQueued, remove);
      if (closed) subscriber.end();
      else setOf(filter.orderId).add(subscriber);
      return subscriber;
    },
    publish(events) {
      for (const event of events) {
        for (const subscriber of byOrder.get(event.orderId) ?? []) subscriber.offer(event);
        for (const subscriber of others) subscriber.offer(event);
      }
    },
    close() {
      closed = true;
      for (const set of [others, ...byOrder.values()]) for (const subscriber of set) subscriber.end();
    },
  };
}

function matches({ orderId, customerId, to }: EventFilter, event: LoggedEvent): boolean {
  if (orderId !== null && event.orderId !== orderId) return false;
  if (customerId !== null && event.customerId !== customerId) return false;
  return to === null || (event.to !== null && to.includes(event.to));
}

type Step = IteratorResult<LoggedEvent, undefined>;
type Waiter = (step: Step) => void;

/** One watcher: a bounded queue that is read as an async iterator. */
class Subscriber implements AsyncIterableIterator<LoggedEvent, undefined> {
  readonly #queue: LoggedEvent[] = [];
  readonly #waiters: Waiter[] = [];
  #state: 'open' | 'overflowed' | 'ended' = 'open';
  #lastCursor: string | null = null;

  constructor(
    readonly filter: EventFilter,
    readonly maxQueued: number,
    readonly onEnd: (subscriber: Subscriber) => void,
  ) {}

  offer(event: LoggedEvent): void {
    if (this.#state !== 'open' || !matches(this.filter, event)) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter(this.#deliver(event));
    else if (this.#queue.length < this.maxQueued) this.#queue.push(event);
    else this.#leave('overflowed');
  }

  /** Ends at once; what is still queued is dropped. */
  end(): void {
    if (this.#state === 'ended') return;
    this.#leave('ended');
    this.#queue.length = 0;
    for (const resolve of this.#waiters.splice(0)) resolve({ done: true, value: undefined });
  }

  #leave(state: 'overflowed' | 'ended'): void {
    this.#state = state;
    this.onEnd(this);
  }

  #deliver(event: LoggedEvent): Step {
    this.#lastCursor = encodeResumeCursor(event.position, event.orderId, event.version);
    return { done: false, value: event };
  }

  next(): Promise<Step> {
    const event = this.#queue.shift();
    if (event !== undefined) return Promise.resolve(this.#deliver(event));
    if (this.#state === 'open') return new Promise((resolve) => this.#waiters.push(resolve));
    if (this.#state === 'ended') return Promise.resolve({ done: true, value: undefined });
    this.#state = 'ended';
    const message = 'You read more slowly than events come. Subscribe again from lastCursor.';
    return Promise.reject(new RequestError('SLOW_CONSUMER', message, { details: { lastCursor: this.#lastCursor } }));
  }

  return(): Promise<Step> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
