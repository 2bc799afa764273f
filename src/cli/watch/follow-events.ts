import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { runSubscription, type SubscriptionRequest } from './subscription.js';

/** An event as it is printed. */
export interface WatchedEvent {
  readonly resumeCursor: string;
}

export interface Start {
  /** The cursor of the event behind which to start, or null. */
  readonly after: string | null;
  /** Whether the latest event of each order comes first, if there is no cursor. */
  readonly snapshot: boolean;
}

export interface FollowOptions {
  readonly url: string;
  readonly token: string | null;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly start: Start;
  readonly onEvent: (event: WatchedEvent, socket: WebSocket) => void;
  /** Called for the first connection, and for each outage and its end. */
  readonly report: (message: string) => void;
  /** What is watched, for the reports. */
  readonly subject: string;
  readonly signal: AbortSignal;
}

/** A connection that lasts this long is a success, even if no event arrives. */
const STABLE_MS = 500;
const MIN_DELAY_MS = 200;
const MAX_DELAY_MS = 10_000;

/**
 * Follows events across lost connections and restarts of the server, until the signal aborts. Each subscription starts
 * behind the last received event, so each event is received once.
 *
 * @throws CommandError if the subscription cannot succeed later
 */
export async function followEvents(options: FollowOptions): Promise<void> {
  const { signal, onEvent } = options;
  const reports = createReports(options);
  let { after } = options.start;
  let attempt = 0;
  const succeed = () => {
    reports.connected();
    attempt = 0;
  };

  while (!signal.aborted) {
    let stable: NodeJS.Timeout | undefined;
    const ending = await runSubscription<{ event: WatchedEvent }>(requestOf(options, after), {
      signal,
      onConnected: () => (stable = setTimeout(succeed, STABLE_MS)),
      onData({ event }, socket) {
        succeed();
        after = event.resumeCursor;
        onEvent(event, socket);
      },
    });
    clearTimeout(stable);
    if (ending === null) return;
    if (ending.kind === 'failed') throw ending.error;
    reports.interrupted(ending.message);
    await sleep(delayOf(attempt), undefined, { signal }).catch(() => undefined); // rejects if the signal aborts
    attempt += 1;
  }
}

/** One message for each outage and one for its end. */
function createReports({ url, subject, report }: FollowOptions) {
  let state: 'starting' | 'connected' | 'outage' = 'starting';
  return {
    connected() {
      if (state !== 'connected') report(`watching ${subject} at ${url}`);
      state = 'connected';
    },
    interrupted(message: string) {
      if (state !== 'outage') report(`${message} Retrying.`);
      state = 'outage';
    },
  };
}

function requestOf({ url, token, query, variables, start }: FollowOptions, after: string | null): SubscriptionRequest {
  const from = after === null ? { snapshot: start.snapshot } : { after };
  return { url, token, query, variables: { ...variables, ...from } };
}

/** Doubles with each attempt. Half of it is random, so that the clients of a server do not all return at once. */
function delayOf(attempt: number): number {
  return Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2);
}
