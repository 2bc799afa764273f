import { setImmediate } from 'node:timers/promises';
import { RequestError } from '../domain/errors.js';
import type { LoggedEvent } from '../domain/order-event.js';
import { encodeLogCursor } from '../domain/log-cursor.js';
import type { SubscriptionHub, EventFilter } from '../orders/interfaces/subscription-hub.js';

export interface PublishingHub extends SubscriptionHub {
  /** Whether there are subscriptions. */
  readonly isWatched: () => boolean;
  /** Offers events to their subscribers, in slices between which the event loop does other work. */
  readonly publish: (events: readonly LoggedEvent[]) => Promise<void>;
  /** Ends every subscription with CURSOR_EXPIRED, because the log was rewound. */
  readonly expireAll: () => void;
  /** Ends every subscription. */
  close(): void;
}

export interface SubscriptionHubOptions {
  /** Most queued events of one subscriber. */
  readonly maxQueued: number;
  /** Most cost of one event over all subscribers with one filter: all orders, an order, a customer, or an order of a customer. */
  readonly maxCost: number;
}

/** Longest slice of offering events without a pause for the event loop. */
const SLICE_MS = 5;

/** Subscribers of the same events, and the cost of one event over all of them. */
interface Group {
  readonly members: Set<Subscriber>;
  cost: number;
}

/** Offers the tailer's events to all subscribers. A slow subscriber does not delay the others. */
export function createSubscriptionHub({ maxQueued, maxCost }: SubscriptionHubOptions): PublishingHub {
  const groups = new Map<string, Group>();
  let closed = false;

  function join(subscriber: Subscriber, key: string, cost: number): void {
    const group = groups.get(key) ?? { members: new Set(), cost: 0 };
    if (group.cost + cost > maxCost) throw tooCostly(group.cost + cost, maxCost);
    group.members.add(subscriber);
    group.cost += cost;
    groups.set(key, group);
  }

  function leave(subscriber: Subscriber, key: string, cost: number): void {
    const group = groups.get(key);
    if (group?.members.delete(subscriber) !== true) return;
    group.cost -= cost;
    if (group.members.size === 0) groups.delete(key);
  }

  return {
    subscribe(filter, cost) {
      const key = keyOf(filter);
      const subscriber = new Subscriber(filter, maxQueued, () => leave(subscriber, key, cost));
      if (closed) subscriber.end();
      else join(subscriber, key, cost);
      return subscriber;
    },
    isWatched: () => groups.size > 0,
    async publish(events) {
      let until = performance.now() + SLICE_MS;
      for (const event of events) {
        for (const key of keysOf(event)) {
          for (const subscriber of groups.get(key)?.members ?? []) {
            subscriber.offer(event);
            if (performance.now() < until) continue;
            await setImmediate();
            until = performance.now() + SLICE_MS;
          }
        }
      }
    },
    expireAll() {
      for (const { members } of groups.values()) for (const subscriber of members) subscriber.expire();
    },
    close() {
      closed = true;
      for (const { members } of groups.values()) for (const subscriber of members) subscriber.end();
    },
  };
}

const EXPIRED =
  'The event log was restored to an earlier state, so events that were sent may be lost. Read the orders again and subscribe without a cursor.';

const ALL_ORDERS = 'all';

/**
 * The group of a subscriber: the smallest one that contains all events of its filter. A customer shares no group with
 * others, so that it can neither use up nor observe their cost by subscribing to their orders.
 */
function keyOf({ orderId, customerId }: EventFilter): string {
  if (customerId === null) return orderId === null ? ALL_ORDERS : `order ${orderId}`;
  return orderId === null ? `customer ${customerId}` : `order ${orderId} of ${customerId}`;
}

/** The groups that an event is offered to. */
function keysOf({ orderId, customerId }: LoggedEvent): string[] {
  const keys = [`order ${orderId}`, ALL_ORDERS];
  return customerId === null ? keys : [...keys, `customer ${customerId}`, `order ${orderId} of ${customerId}`];
}

function tooCostly(cost: number, maxCost: number): RequestError {
  const message = `With this subscription, an event would cost ${cost} for all subscribers to the same orders; SUBSCRIBERS_MAX_COST is ${maxCost}. Select fewer fields, or subscribe to one order or one customer.`;
  return new RequestError('THROTTLED', message, { details: { cost, maxCost } });
}

function matches({ orderId, customerId, to }: EventFilter, event: LoggedEvent): boolean {
  if (orderId !== null && event.orderId !== orderId) return false;
  if (customerId !== null && event.customerId !== customerId) return false;
  return to === null || (event.to !== null && to.includes(event.to));
}

type Step = IteratorResult<LoggedEvent, undefined>;
type Waiter = (step: Step | Promise<Step>) => void;

/** A bounded queue of events, read as an async iterator. */
class Subscriber implements AsyncIterableIterator<LoggedEvent, undefined> {
  readonly #queue: LoggedEvent[] = [];
  readonly #waiters: Waiter[] = [];
  #state: 'open' | 'overflowed' | 'expired' | 'ended' = 'open';
  #lastCursor: string | null = null;

  constructor(
    readonly filter: EventFilter,
    readonly maxQueued: number,
    readonly onEnd: () => void,
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

  expire(): void {
    if (this.#state === 'ended') return;
    this.#queue.length = 0;
    this.#leave('expired');
    const [waiter, ...others] = this.#waiters.splice(0);
    waiter?.(this.next());
    for (const resolve of others) resolve({ done: true, value: undefined });
  }

  #leave(state: 'overflowed' | 'expired' | 'ended'): void {
    this.#state = state;
    this.onEnd();
  }

  #deliver(event: LoggedEvent): Step {
    this.#lastCursor = encodeLogCursor(event);
    return { done: false, value: event };
  }

  next(): Promise<Step> {
    const event = this.#queue.shift();
    if (event !== undefined) return Promise.resolve(this.#deliver(event));
    if (this.#state === 'open') return new Promise((resolve) => this.#waiters.push(resolve));
    if (this.#state === 'ended') return Promise.resolve({ done: true, value: undefined });
    const isExpired = this.#state === 'expired';
    this.#state = 'ended';
    if (isExpired) return Promise.reject(new RequestError('CURSOR_EXPIRED', EXPIRED));
    const message =
      'The subscription has ended because the client reads more slowly than events occur. extensions.lastCursor is the cursor of the last event sent.';
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
