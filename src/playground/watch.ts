import { accessRejected, withToken } from './access.js';
import { CloseCode, createClient, type Client, type SubscribePayload } from 'graphql-ws';
import { readLogEnd } from './log-end.js';
import { createResumable } from './resumable.js';

/** A line of the panel: an event, or a notice about the connection. */
export interface WatchLine {
  readonly key: number;
  readonly time: Date;
  readonly event: WatchedEvent | null;
  readonly notice: string;
}

/** The parts of an event that its subscription selects. */
export interface WatchedEvent {
  readonly order: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly version: number | null;
  /** The event as JSON, cut short. */
  readonly text: string;
}

/**
 * OFF: no subscription since the page was opened. CONNECTING: the first attempt. CONNECTED: events arrive.
 * RECONNECTING: the connection was lost; attempts continue until one succeeds. STOPPED: by the user.
 * ENDED: by the server, which rejected or completed the subscription.
 */
export type WatchPhase = 'OFF' | 'CONNECTING' | 'CONNECTED' | 'RECONNECTING' | 'STOPPED' | 'ENDED';

export interface WatchState {
  readonly phase: WatchPhase;
  /** Newest first. */
  readonly lines: readonly WatchLine[];
}

/** The result of an operation, in the form of the GraphQL response. */
export interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null | undefined;
  readonly errors?:
    readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[] | undefined;
}

/** Receives the same events as the panel. */
export interface WatchFollower {
  readonly next: (result: Answer) => void;
  readonly end: () => void;
}

export const MAX_LINES = 100;
const MAX_TEXT_LENGTH = 300;
const PING_MS = 4_000;
const PONG_PATIENCE_MS = 3_000;
const MAX_RETRY_WAIT_MS = 5_000;

const RESUMED = 'Reconnected. Changes during the interruption are listed.';
const NOT_RESUMED = 'Reconnected. Changes during the interruption are not listed.';

let state: WatchState = { phase: 'OFF', lines: [] };
let current: { readonly client: Client; readonly follower: WatchFollower } | null = null;
let lastKey = 0;
const listeners = new Set<() => void>();

export function watchState(): WatchState {
  return state;
}

export function onWatchChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Starts a subscription and stops the previous one. The headers of the tab and the token go into `connection_init`. After a
 * lost connection, it continues after the last event. Without one, it continues after the end of the log at its start.
 */
export function startWatch(
  payload: SubscribePayload,
  headers: Readonly<Record<string, unknown>>,
  follower: WatchFollower,
): void {
  stopWatch();
  const resumable = createResumable(payload);
  const sent = { ...(resumable?.first ?? payload) }; // graphql-ws sends this object again when it has reconnected
  let after: string | null = null;
  const client = connect(headers, {
    isCurrent: () => current?.client === client,
    resume() {
      if (resumable === null || after === null) return false;
      Object.assign(sent, resumable.after(after));
      return true;
    },
  });
  current = { client, follower };
  set({ phase: 'CONNECTING' });
  const subscribe = (end: string | null) => {
    after = end;
    if (current?.client !== client) return; // stopped meanwhile
    follow(client, sent, (result) => {
      if (resumable === null || result.data === null || result.data === undefined) return result;
      const { cursor, data } = resumable.split(result.data);
      after = cursor ?? after;
      return { ...result, data };
    });
  };
  if (resumable === null || resumable.hasStart) subscribe(null);
  else void readLogEnd(headers).then(subscribe);
}

/** @param shown returns the part of a result to show */
function follow(client: Client, payload: SubscribePayload, shown: (result: Answer) => Answer): void {
  client.subscribe(payload, {
    next(result) {
      if (current?.client !== client) return;
      const answer = shown(result);
      addLines(linesOf(answer));
      current.follower.next(answer);
    },
    error(cause) {
      const message = messageOf(cause);
      if (current?.client === client) current.follower.next({ errors: Array.isArray(cause) ? cause : [{ message }] });
      end(client, message);
    },
    complete() {
      end(client, 'The server ended the subscription.');
    },
  });
}

export function stopWatch(): void {
  if (current === null) return;
  finish('STOPPED');
}

export function clearWatch(): void {
  set({ lines: [] });
}

interface ConnectionEvents {
  readonly isCurrent: () => boolean;
  /** Called when the connection is lost. @returns whether the subscription continues where it was interrupted */
  readonly resume: () => boolean;
}

function connect(headers: Readonly<Record<string, unknown>>, { isCurrent, resume }: ConnectionEvents): Client {
  const url = new URL('/graphql', window.location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  let wasConnected = false;
  let resumes = false;
  let pongPatience: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: url.href,
    connectionParams: () => withToken(headers),
    keepAlive: PING_MS,
    retryAttempts: Number.POSITIVE_INFINITY,
    // By default graphql-ws does not retry a failed connection. A rejected token stays rejected.
    shouldRetry: (cause) => !isRejection(cause),
    retryWait: (retries) => pause(Math.min(250 * 2 ** retries, MAX_RETRY_WAIT_MS) * (0.5 + Math.random() / 2)),
    on: {
      connected() {
        if (!isCurrent()) return;
        if (wasConnected) addLines([notice(resumes ? RESUMED : NOT_RESUMED)]);
        wasConnected = true;
        set({ phase: 'CONNECTED' });
      },
      closed(event) {
        clearTimeout(pongPatience);
        if (!isCurrent()) return;
        if (isRejection(event)) {
          accessRejected(event.reason);
          return; // the subscription ends with this reason
        }
        if (state.phase === 'CONNECTED') addLines([notice('Connection lost. Reconnecting.')]);
        resumes = resume();
        set({ phase: 'RECONNECTING' });
      },
      // A broken network does not close the socket.
      ping(received) {
        if (!received) pongPatience = setTimeout(() => client.terminate(), PONG_PATIENCE_MS);
      },
      pong(received) {
        if (received) clearTimeout(pongPatience);
      },
    },
  });
  return client;
}

function end(client: Client, message: string): void {
  if (current?.client !== client) return;
  addLines([notice(message)]);
  finish('ENDED');
}

function finish(phase: 'STOPPED' | 'ENDED'): void {
  const ended = current;
  current = null;
  set({ phase });
  void ended?.client.dispose();
  ended?.follower.end();
}

function set(change: Partial<WatchState>): void {
  state = { ...state, ...change };
  for (const listener of listeners) listener();
}

function addLines(lines: readonly WatchLine[]): void {
  set({ lines: [...lines.toReversed(), ...state.lines].slice(0, MAX_LINES) });
}

function notice(text: string): WatchLine {
  return { key: ++lastKey, time: new Date(), event: null, notice: text };
}

function linesOf({ data, errors = [] }: Answer): WatchLine[] {
  const notices = errors.map(({ message }) => notice(message));
  const fields: unknown[] = Object.values(data ?? {});
  const events = fields.filter((value) => typeof value === 'object' && value !== null);
  return [...notices, ...events.map((value) => eventLine(value as Record<string, unknown>))];
}

function eventLine(value: Record<string, unknown>): WatchLine {
  const order = value['order'] as Record<string, unknown> | null | undefined;
  const occurredAt = new Date(text(value['occurredAt']) ?? Number.NaN);
  const event = {
    order: text(order?.['number']) ?? (text(value['orderId']) ?? text(order?.['id']) ?? '').slice(0, 8),
    from: text(value['from']),
    to: text(value['to']),
    version: typeof value['version'] === 'number' ? value['version'] : null,
    text: JSON.stringify(value).slice(0, MAX_TEXT_LENGTH),
  };
  const time = Number.isNaN(occurredAt.getTime()) ? new Date() : occurredAt;
  return { key: ++lastKey, time, event, notice: '' };
}

/** Whether the server has closed the connection because of a missing, invalid or expired token. */
function isRejection(cause: unknown): cause is CloseEvent {
  return cause instanceof CloseEvent && cause.code === CloseCode.Forbidden.valueOf();
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function messageOf(cause: unknown): string {
  const first: unknown = Array.isArray(cause) ? cause[0] : cause;
  if (first instanceof CloseEvent) return `The server closed the connection: ${first.code} ${first.reason}`.trim();
  return (first as { readonly message?: string } | undefined)?.message ?? 'The subscription failed.';
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
