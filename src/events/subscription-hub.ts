import { setImmediate } from 'node:timers/promises';
import { RequestError } from '../domain/errors.js';
import { kindOf, type LoggedEvent } from '../domain/order-event.js';
import type { EventFilter } from '../orders/interfaces/event-log.js';
import type { SubscriptionHub } from '../orders/interfaces/subscription-hub.js';
import { createBackpressure } from './backpressure.js';
import { createRecentEvents } from './recent-events.js';
import { kindSetOf, Subscriber, type KindSet } from './subscriber.js';

export interface PublishingHub extends SubscriptionHub {
  /** Whether there are subscriptions. */
  readonly isWatched: () => boolean;
  /** Offers events to their subscribers, in slices between which the event loop does other work. */
  readonly publish: (events: readonly LoggedEvent[]) => Promise<void>;
  /** The log tailer continues after this position without publishing the events before it. */
  readonly skipTo: (position: bigint) => void;
  /** The log was restored to an earlier state, which ends at this position: ends every subscription with CURSOR_EXPIRED. */
  readonly rewindTo: (position: bigint) => void;
  /** Ends every subscription, and those that join later. */
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

/** Subscribers to the same orders, by the kinds of events that they select, and the cost of one event over all of them. */
interface Group {
  readonly byKinds: Map<KindSet, Set<Subscriber>>;
  cost: number;
}

/** Offers the tailer's events to all subscribers. One that does not read does not delay the others. */
export function createSubscriptionHub({ maxQueued, maxCost }: SubscriptionHubOptions): PublishingHub {
  const groups = new Map<string, Group>();
  const recent = createRecentEvents();
  const backpressure = createBackpressure(maxQueued);
  let closed = false;

  /** Ends all subscriptions at once. */
  function endAll(end: 'stopped' | 'rewound'): void {
    for (const subscriber of [...groups.values()].flatMap(membersOf)) subscriber.endWith(end);
  }

  return {
    join(filter, cost) {
      const [key, kinds] = [keyOf(filter), kindSetOf(filter.kinds)];
      const onEnd = () => leave(groups, key, { subscriber, kinds, cost });
      const subscriber = new Subscriber({ filter, maxQueued, publishedAfter: recent.after, onEnd });
      const total = (groups.get(key)?.cost ?? 0) + cost;
      if (closed) subscriber.endWith('stopped');
      else if (total > maxCost) throw tooCostly(total, maxCost);
      else enter(groups, key, { subscriber, kinds, cost });
      return subscriber;
    },
    isWatched: () => groups.size > 0,
    async publish(events) {
      let until = performance.now() + SLICE_MS;
      for (const event of events) {
        recent.add(event); // first: a subscriber that goes live during a pause gets the event from there
        for (const subscriber of subscribersOf(groups, event)) {
          subscriber.offer(event);
          backpressure.offered(subscriber);
          if (performance.now() < until) continue;
          await setImmediate();
          until = performance.now() + SLICE_MS;
        }
        if (backpressure.isDue()) await backpressure.room();
      }
    },
    skipTo: recent.skipTo,
    rewindTo(position) {
      recent.skipTo(position);
      endAll('rewound');
    },
    close() {
      closed = true;
      endAll('stopped');
    },
  };
}

interface Membership {
  readonly subscriber: Subscriber;
  readonly kinds: KindSet;
  readonly cost: number;
}

type Groups = Map<string, Group>;

function enter(groups: Groups, key: string, { subscriber, kinds, cost }: Membership): void {
  const group = groups.get(key) ?? { byKinds: new Map<KindSet, Set<Subscriber>>(), cost: 0 };
  const members = group.byKinds.get(kinds) ?? new Set();
  groups.set(key, group);
  group.byKinds.set(kinds, members.add(subscriber));
  group.cost += cost;
}

function leave(groups: Groups, key: string, { subscriber, kinds, cost }: Membership): void {
  const group = groups.get(key);
  const members = group?.byKinds.get(kinds);
  if (group === undefined || members?.delete(subscriber) !== true) return;
  group.cost -= cost;
  if (members.size === 0) group.byKinds.delete(kinds);
  if (group.byKinds.size === 0) groups.delete(key);
}

function membersOf({ byKinds }: Group): Subscriber[] {
  return [...byKinds.values()].flatMap((members) => [...members]);
}

/** The subscribers of an event. Those that join meanwhile may be missing: they get the event when they go live. */
function* subscribersOf(groups: Groups, event: LoggedEvent): Generator<Subscriber, void> {
  const kind = kindSetOf([kindOf(event)]);
  for (const key of keysOf(event)) {
    for (const [kinds, members] of groups.get(key)?.byKinds ?? []) if ((kinds & kind) !== 0) yield* members;
  }
}

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
