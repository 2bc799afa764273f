import { EVENT_KINDS, kindOf, type EventKind, type LoggedEvent } from '../domain/order-event.js';
import type { EventFilter, PendingEvent } from '../orders/interfaces/event-log.js';
import type { LiveEnd, LiveEvents } from '../orders/interfaces/subscription-hub.js';

/** A set of event kinds as bits. */
export type KindSet = number;

const BITS: ReadonlyMap<EventKind, number> = new Map(EVENT_KINDS.map((kind, index) => [kind, 2 ** index]));

export function kindSetOf(kinds: readonly EventKind[] | null): KindSet {
  return (kinds ?? EVENT_KINDS).reduce((set, kind) => set | (BITS.get(kind) ?? 0), 0);
}

export function matches(filter: EventFilter, event: PendingEvent): boolean {
  if (filter.orderId !== null && event.orderId !== filter.orderId) return false;
  if (filter.customerId !== null && event.customerId !== filter.customerId) return false;
  return filter.kinds?.includes(kindOf(event)) ?? true;
}

export interface SubscriberOptions {
  readonly filter: EventFilter;
  /** Maximum number of queued events. */
  readonly maxQueued: number;
  /** The published events after a position, up to the last one; null if they are not kept. */
  readonly publishedAfter: (after: bigint) => readonly LoggedEvent[] | null;
  readonly onEnd: () => void;
}

/** Waiting: `goLive` has not succeeded, and published events are ignored. */
type State = 'waiting' | 'live' | LiveEnd;

/** The events of one subscription in a bounded queue. */
export class Subscriber implements LiveEvents {
  readonly #options: SubscriberOptions;
  #queue: LoggedEvent[] = [];
  #waiter: ((next: LoggedEvent | LiveEnd) => void) | null = null;
  #state: State = 'waiting';
  /** Events up to this position are not delivered. */
  #after = 0n;
  #excluded: Set<string> | null = null;
  #readAt = 0;

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  get end(): LiveEnd | null {
    return this.#state === 'waiting' || this.#state === 'live' ? null : this.#state;
  }

  /** Number of queued events of a subscriber that has not ended. */
  get queued(): number {
    return this.end === null ? this.#queue.length : 0;
  }

  /** The last time at which the reader requested an event or waited for one, as `performance.now()` counts. */
  get readAt(): number {
    return this.#readAt;
  }

  goLive(after: bigint, pending: readonly PendingEvent[]): boolean {
    const { filter, maxQueued, publishedAfter } = this.#options;
    const published = publishedAfter(after)?.filter((event) => matches(filter, event));
    if (this.#state !== 'waiting' || published === undefined || published.length > maxQueued) return false;
    const excluded = pending.filter((event) => matches(filter, event)).map(keyOf);
    this.#excluded = excluded.length === 0 ? null : new Set(excluded);
    this.#after = after;
    this.#state = 'live';
    for (const event of published) this.offer(event);
    return true;
  }

  /** @param event is published once, except to a subscriber that goes live while it is published */
  offer(event: LoggedEvent): void {
    if (this.#state !== 'live' || event.position <= this.#after || !matches(this.#options.filter, event)) return;
    this.#after = event.position;
    if (this.#excludes(event)) return;
    if (this.#waiter !== null) {
      this.#readAt = performance.now();
      this.#resolve(event);
    } else if (this.#queue.length < this.#options.maxQueued) this.#queue.push(event);
    else this.#finish('overflowed');
  }

  next(): Promise<LoggedEvent | LiveEnd> {
    this.#readAt = performance.now();
    const event = this.#queue.shift();
    if (event !== undefined) return Promise.resolve(event);
    if (this.end !== null) return Promise.resolve(this.end);
    return new Promise((resolve) => {
      this.#waiter = resolve;
    });
  }

  leave(): void {
    this.endWith('closed');
  }

  /** Ends at once; what is still queued is dropped. */
  endWith(end: LiveEnd): void {
    this.#queue = [];
    if (this.end === null) this.#finish(end);
  }

  #finish(end: LiveEnd): void {
    this.#state = end;
    this.#options.onEnd();
    if (this.#waiter !== null) this.#resolve(end);
  }

  #resolve(next: LoggedEvent | LiveEnd): void {
    const waiter = this.#waiter;
    this.#waiter = null;
    waiter?.(next);
  }

  /** Each event is excluded once; then its key is not kept any longer. */
  #excludes(event: LoggedEvent): boolean {
    if (this.#excluded === null || !this.#excluded.delete(keyOf(event))) return false;
    if (this.#excluded.size === 0) this.#excluded = null;
    return true;
  }
}

function keyOf({ orderId, version }: PendingEvent): string {
  return `${orderId} ${version}`;
}
