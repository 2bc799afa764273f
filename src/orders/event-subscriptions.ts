import { RequestError } from '../domain/errors.js';
import { decodeLogCursor } from '../domain/log-cursor.js';
import { checkCursor } from './event-cursor.js';
import { visibleEvents } from './event-filter.js';
import { EventStream, type StreamStart } from './event-stream.js';
import type { Caller } from './interfaces/caller.js';
import type { EventFilter, EventPageKey } from './interfaces/event-log.js';
import type { EventPrice } from './interfaces/event-price.js';
import type { OrderReader } from './interfaces/order-reader.js';
import type { SubscriptionHub } from './interfaces/subscription-hub.js';
import { startAtEnd, startWithSnapshot } from './stream-start.js';

export interface EventSubscriptionDependencies {
  readonly hub: SubscriptionHub;
  readonly readerFor: (caller: Caller) => OrderReader;
  /** Maximum number of events between a cursor and the end of the log. */
  readonly replayMax: number;
}

export interface EventSubscriptionRequest {
  readonly filter: EventFilter;
  readonly after: string | null;
  readonly snapshot: boolean;
  readonly price: EventPrice;
}

/**
 * Subscribes to the events that the caller may see. Resolves when the subscription is set up.
 *
 * @throws RequestError BAD_USER_INPUT, INVALID_CURSOR, CURSOR_EXPIRED, THROTTLED
 */
export type SubscribeToEvents = (request: EventSubscriptionRequest, caller: Caller) => Promise<EventStream>;

const ALL_EVENTS: EventFilter = { orderId: null, customerId: null, kinds: null };
/** Number of events of a page of the log. Smaller with many replays, because each one keeps a page in memory. */
const PAGE = 100;
const SMALL_PAGE = 20;
const MANY_REPLAYS = 500;
/** A replay waits for the pages of others much longer than a request: an error would make it start again. */
const PAGE_WAIT_MS = 600_000;

export function createEventSubscriptions(dependencies: EventSubscriptionDependencies): SubscribeToEvents {
  const { hub, readerFor, replayMax } = dependencies;
  let replays = 0;

  const pageKey = (filter: EventFilter, after: bigint): EventPageKey => ({
    filter,
    after,
    limit: replays > MANY_REPLAYS ? SMALL_PAGE : PAGE,
  });

  async function startOf(request: EventSubscriptionRequest, caller: Caller): Promise<StreamStart> {
    const { after, snapshot, filter, price } = request;
    const reader = readerFor(caller);
    if (snapshot) {
      await price.payAtOnce(price.page);
      return startWithSnapshot(reader, filter);
    }
    if (after === null) return startAtEnd(reader, caller);
    const cursor = decodeLogCursor(after, 'after');
    const point = await reader.eventPage({ filter: ALL_EVENTS, after: cursor.position, limit: 0 }); // scans nothing
    const at = checkCursor(cursor, { ...point, replayMax });
    return { events: [], at, sent: at, pending: [] };
  }

  return async (request, caller) => {
    const filter = visibleEvents(request.filter, caller.viewer);
    check({ ...request, filter });
    const { price } = request;
    const live = hub.join(filter, price.event);
    replays += 1;
    const onReplayed = () => {
      replays -= 1;
    };
    try {
      const start = await startOf({ ...request, filter }, caller);
      const readPage = async (after: bigint, signal: AbortSignal) => {
        await price.pay(price.page, signal);
        const deadline = performance.now() + PAGE_WAIT_MS;
        return readerFor({ ...caller, signal, deadline }).replayPage(pageKey(filter, after));
      };
      return new EventStream({ live, start, price, readPage, onReplayed });
    } catch (cause) {
      onReplayed();
      live.leave();
      throw cause;
    }
  };
}

function check({ after, snapshot, filter }: EventSubscriptionRequest): void {
  if (!snapshot) return;
  const details = { argument: 'snapshot' };
  if (after !== null) throw new RequestError('BAD_USER_INPUT', 'after and snapshot cannot be combined.', { details });
  if (filter.orderId === null && filter.customerId === null) {
    throw new RequestError('BAD_USER_INPUT', 'snapshot requires orderId or customerId.', { details });
  }
}
