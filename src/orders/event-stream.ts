import { RequestError } from '../domain/errors.js';
import { encodeLogCursor, type LogPoint } from '../domain/log-cursor.js';
import type { LoggedEvent } from '../domain/order-event.js';
import type { EventPage, PendingEvent } from './interfaces/event-log.js';
import type { EventPrice } from './interfaces/event-price.js';
import type { LiveEnd, LiveEvents } from './interfaces/subscription-hub.js';

/** Where a stream of events begins. */
export interface StreamStart {
  /** The first events, by position. */
  readonly events: readonly LoggedEvent[];
  /** The stream continues after this point; null at the beginning of the log. */
  readonly at: LogPoint | null;
  /** The cursor of a stream that has sent nothing. */
  readonly sent: LogPoint | null;
  /** Committed events without a position that belong to the time before the stream. */
  readonly pending: readonly PendingEvent[];
}

export interface EventStreamOptions {
  readonly live: LiveEvents;
  readonly start: StreamStart;
  readonly price: Pick<EventPrice, 'event' | 'pay'>;
  /** Reads the next page of the log after a position. The signal aborts when the stream ends. */
  readonly readPage: (after: bigint, signal: AbortSignal) => Promise<EventPage>;
  /** Called when the stream ends or no longer reads the log. */
  readonly onReplayed: () => void;
}

/** What a stream needs until it is live. */
interface Replay {
  events: LoggedEvent[];
  /** Number of the events whose price is paid. */
  paid: number;
  at: LogPoint | null;
  readonly ended: AbortController;
  readonly price: EventStreamOptions['price'];
  readonly pending: readonly PendingEvent[];
  readonly readPage: EventStreamOptions['readPage'];
  readonly onReplayed: () => void;
}

type Step = IteratorResult<LoggedEvent, undefined>;

/** The price of the events that are paid together, unless one event costs more. */
const PAID_TOGETHER = 10_000;

const DONE: Step = { done: true, value: undefined };

/**
 * The events of one subscription: those of the log, read by pages at the pace of the client, then the live ones. A page
 * that ends within the events that the hub keeps leads to the live events without a gap; otherwise the next page is read.
 */
export class EventStream implements AsyncIterableIterator<LoggedEvent, undefined> {
  readonly #live: LiveEvents;
  /** Null when the stream is live or has ended. */
  #replay: Replay | null;
  #sent: LogPoint | null;
  #over = false;

  constructor({ live, start, ...replay }: EventStreamOptions) {
    const { at, sent, pending } = start;
    this.#live = live;
    const events = start.events.toReversed();
    this.#replay = { ...replay, events, paid: 0, at, pending, ended: new AbortController() };
    this.#sent = sent;
    this.#tryLive();
  }

  /** How far `next` has returned all events of the filter, or where the stream began; null at the beginning of the log. */
  get sent(): LogPoint | null {
    return this.#sent;
  }

  async next(): Promise<Step> {
    if (this.#over) return DONE;
    try {
      const next = await this.#take();
      if (this.#over) return DONE;
      if (typeof next === 'object') {
        this.#sent = next;
        return { done: false, value: next };
      }
      if (next !== 'closed') throw endError(next, this.#sent);
      this.#end();
      return DONE;
    } catch (cause) {
      if (this.#over) return DONE; // the end of the stream has cancelled the wait
      this.#end();
      throw withLastCursor(cause, this.#sent);
    }
  }

  async #take(): Promise<LoggedEvent | LiveEnd> {
    for (;;) {
      const replay = this.#replay;
      if (replay === null) return this.#live.next();
      if (this.#live.end !== null) return this.#live.end;
      if (replay.events.length > 0 && replay.paid === 0) {
        await payNext(replay);
        continue; // the stream may have ended meanwhile
      }
      const event = replay.events.pop();
      if (event !== undefined) {
        replay.paid -= 1;
        return event;
      }
      this.#sent = replay.at ?? this.#sent; // a filter that matches nothing makes progress too
      if (this.#tryLive()) continue;
      const page = await replay.readPage(replay.at?.position ?? 0n, replay.ended.signal);
      if (replay.at !== null && !isSame(page.after, replay.at)) return 'rewound';
      const events = page.events.filter((found) => !replay.pending.some((pending) => isSameEvent(pending, found)));
      replay.events = events.toReversed();
      replay.at = page.scannedTo ?? replay.at;
    }
  }

  /** @returns whether the live events continue where the replayed ones end */
  #tryLive(): boolean {
    const replay = this.#replay;
    if (replay === null || replay.events.length > 0) return false;
    if (!this.#live.goLive(replay.at?.position ?? 0n, replay.pending)) return false;
    this.#endReplay();
    return true;
  }

  #endReplay(): void {
    this.#replay?.onReplayed();
    this.#replay = null;
  }

  #end(): void {
    this.#over = true;
    this.#replay?.ended.abort();
    this.#endReplay();
    this.#live.leave();
  }

  return(): Promise<Step> {
    this.#end();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Pays for the next events before the first of them is sent. */
async function payNext(replay: Replay): Promise<void> {
  const { event, pay } = replay.price;
  const count = Math.min(replay.events.length, Math.max(1, Math.floor(PAID_TOGETHER / event)));
  await pay(count * event, replay.ended.signal);
  replay.paid = count;
}

function isSame(one: LogPoint | null, other: LogPoint): boolean {
  return one !== null && encodeLogCursor(one) === encodeLogCursor(other);
}

function isSameEvent(one: PendingEvent, other: PendingEvent): boolean {
  return one.orderId === other.orderId && one.version === other.version;
}

function endError(end: Exclude<LiveEnd, 'closed'>, sent: LogPoint | null): RequestError {
  const details = detailsOf(sent);
  if (end === 'rewound') return new RequestError('CURSOR_EXPIRED', REWOUND, { details });
  if (end === 'stopped') return new RequestError('SERVICE_UNAVAILABLE', STOPPED, { details });
  const message =
    'The subscription has ended because the client reads more slowly than events occur. Subscribe again with `after` set to extensions.lastCursor.';
  return new RequestError('SLOW_CONSUMER', message, { details });
}

function detailsOf(sent: LogPoint | null) {
  return { lastCursor: sent === null ? null : encodeLogCursor(sent) };
}

/** The client resumes with the cursor after a failed read, such as during an outage of the database. */
function withLastCursor(cause: unknown, sent: LogPoint | null): unknown {
  if (!(cause instanceof RequestError) || 'lastCursor' in cause.details) return cause;
  const { code, message, details } = cause;
  return new RequestError(code, message, { cause, details: { ...details, ...detailsOf(sent) } });
}

const STOPPED = 'The server shuts down. Connect again, and subscribe with `after` set to extensions.lastCursor.';

const REWOUND =
  'The event log was restored to an earlier state. Read the orders again, or subscribe with `snapshot: true` or without `after`.';
