import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { Ending } from './ending.js';
import type { EventRequest, WatchedEvent } from './event-request.js';
import { readFirstEvent, readLogEnd, type StartCursor } from './start-cursor.js';
import { runSubscription } from './subscription.js';

export interface FollowOptions {
  readonly url: string;
  readonly token: string | null;
  readonly request: EventRequest;
  /** The cursor of the event after which to start, or null. */
  readonly after: string | null;
  /** Whether the latest event of each order comes first, if there is no cursor. */
  readonly snapshot: boolean;
  /** Called with the cursor where the events begin, before the first event. */
  readonly onStart: (cursor: string) => void;
  /** @param socket null if the event was not received over a WebSocket */
  readonly onEvent: (event: WatchedEvent, socket: WebSocket | null) => void;
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

/** How far the events were received. */
interface Progress {
  after: string | null;
  /** The log was empty when the command started, so its first event is new. */
  wasEmpty: boolean;
}

/**
 * Follows events across lost connections and restarts of the server, until the signal aborts. Each subscription starts
 * after the last received event, so each event is received once.
 *
 * @throws CommandError if the subscription cannot succeed later
 */
export async function followEvents(options: FollowOptions): Promise<void> {
  const { signal } = options;
  const reports = createReports(options);
  const progress: Progress = { after: options.after, wasEmpty: false };
  let attempt = 0;
  const succeed = () => {
    reports.connected();
    attempt = 0;
  };
  while (!signal.aborted) {
    const ending = (await findStart(options, progress)) ?? (await followOnce(options, progress, succeed));
    if (ending === null || signal.aborted) return;
    if (ending.kind === 'failed') throw ending.error;
    reports.interrupted(ending.message);
    progress.after = ending.lastCursor ?? progress.after; // a replay that has sent nothing makes progress too
    await sleep(delayOf(attempt), undefined, { signal }).catch(() => undefined); // rejects if the signal aborts
    attempt += 1;
  }
}

/** Finds the cursor for a subscription that has received nothing. @returns why it failed, or null */
async function findStart(options: FollowOptions, progress: Progress): Promise<Ending | null> {
  const { url, token, request, snapshot, signal, onStart, onEvent } = options;
  if (progress.after !== null || snapshot) return null;
  const { firstEvent: query, variables } = request;
  const start: StartCursor | Ending = progress.wasEmpty
    ? await readFirstEvent({ url, token, query, variables }, signal)
    : await readLogEnd({ url, token }, signal);
  if ('kind' in start) return start;
  progress.after = start.cursor;
  progress.wasEmpty = start.cursor === null;
  if (start.first !== null) onEvent(start.first, null);
  else if (start.cursor !== null) onStart(start.cursor);
  return null;
}

/** Receives events over one connection. @returns why it ended, or null if the signal ended it */
async function followOnce(options: FollowOptions, progress: Progress, succeed: () => void): Promise<Ending | null> {
  const { url, token, request, snapshot, signal, onEvent } = options;
  const { after } = progress;
  const variables = { ...request.variables, ...(after === null ? { snapshot } : { after }) };
  let stable: NodeJS.Timeout | undefined;
  try {
    return await runSubscription<{ event: WatchedEvent }>(
      { url, token, query: request.subscription, variables },
      {
        signal,
        onConnected: () => (stable = setTimeout(succeed, STABLE_MS)),
        onData({ event }, socket) {
          succeed();
          progress.after = event.resumeCursor;
          onEvent(event, socket);
        },
      },
    );
  } finally {
    clearTimeout(stable);
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

/** Doubles with each attempt. Half of it is random, so that the clients of a server do not all return at once. */
function delayOf(attempt: number): number {
  return Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2);
}
