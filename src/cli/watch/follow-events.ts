import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { Ending } from './ending.js';
import type { EventRequest, WatchedEvent } from './event-request.js';
import { readEventPage, readLogEnd } from './event-pages.js';
import { runSubscription } from './subscription.js';

export interface FollowOptions {
  readonly url: string;
  readonly token: string | null;
  readonly request: EventRequest;
  /** The cursor of the event after which to start, or null. */
  readonly after: string | null;
  /** Whether the latest event of each order comes first, if there is no cursor. */
  readonly snapshot: boolean;
  /**
   * Called with the next events, also if there are none between two cursors.
   *
   * @param cursor after the events
   * @param socket null if the events were not received over a WebSocket
   * @returns when the events are written
   */
  readonly onEvents: (events: readonly WatchedEvent[], cursor: string, socket: WebSocket | null) => Promise<void>;
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
  /** Whether pages are read before the next subscription: beyond the replay horizon, or from the beginning of the log. */
  isBehind: boolean;
}

/**
 * Follows events across lost connections and restarts of the server, until the signal aborts. Each subscription starts
 * after the last received event, so each event is received once. A cursor beyond the replay horizon of the server, for
 * example because no event of the filter has occurred for long, is followed by pages of `orderEvents`.
 *
 * @throws CommandError if the subscription cannot succeed later
 */
export async function followEvents(options: FollowOptions): Promise<void> {
  const { signal } = options;
  const reports = createReports(options);
  const progress: Progress = { after: options.after, isBehind: false };
  let attempt = 0;
  const succeed = () => {
    reports.connected();
    attempt = 0;
  };
  while (!signal.aborted) {
    const start = await findStart(options, progress);
    const ending = start ?? (await followOnce(options, progress, succeed));
    if (ending === null || signal.aborted) return;
    if (ending.kind === 'interrupted') {
      reports.interrupted(ending.message);
      progress.after = ending.lastCursor ?? progress.after; // a replay that has sent nothing makes progress too
    } else if (ending.kind === 'failed' || ending === start || progress.after === null) throw ending.error;
    else progress.isBehind = true;
    await sleep(delayOf(attempt), undefined, { signal }).catch(() => undefined); // rejects if the signal aborts
    attempt += 1;
  }
}

/** Finds the cursor for the next subscription. @returns why it failed, or null */
async function findStart(options: FollowOptions, progress: Progress): Promise<Ending | null> {
  const { url, token, snapshot, signal, onEvents } = options;
  if (progress.isBehind) return readPages(options, progress);
  if (progress.after !== null || snapshot) return null;
  const end = await readLogEnd({ url, token }, signal);
  if ('kind' in end) return end;
  progress.after = end.cursor;
  progress.isBehind = end.cursor === null; // then the first event of the log is new
  if (end.cursor !== null) await onEvents([], end.cursor, null);
  return null;
}

/** Reads the events up to the end of the log. @returns why it failed, or null */
async function readPages(options: FollowOptions, progress: Progress): Promise<Ending | null> {
  const { url, token, request, signal, onEvents } = options;
  for (;;) {
    const variables = { ...request.variables, after: progress.after };
    const page = await readEventPage({ url, token, query: request.page, variables }, signal);
    if ('kind' in page) return page;
    const { endCursor, hasNextPage } = page.pageInfo;
    if (endCursor === null) return null; // the log is empty
    progress.after = endCursor;
    progress.isBehind = hasNextPage;
    await onEvents(page.nodes, endCursor, null);
    if (!hasNextPage || signal.aborted) return null;
  }
}

/** Receives events over one connection. @returns why it ended, or null if the signal ended it */
async function followOnce(options: FollowOptions, progress: Progress, succeed: () => void): Promise<Ending | null> {
  const { url, token, request, snapshot, signal, onEvents } = options;
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
          progress.isBehind = false;
          void onEvents([event], event.resumeCursor, socket);
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
