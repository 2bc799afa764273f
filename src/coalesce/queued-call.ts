import { RequestError } from '../domain/errors.js';
import type { Caller } from '../orders/interfaces/caller.js';

/** The messages for calls that are rejected or do not finish before their deadline. */
interface QueueMessages {
  /** Noun of the call in messages: "read", "write". */
  readonly what: string;
  /** The deadline passed before the batch started. */
  readonly unstartedMessage: string;
  /** The deadline passed while the batch was running. */
  readonly lateMessage: string;
  readonly lateDetails?: Readonly<Record<string, unknown>>;
  /** The deadline passed while the call was idle. Default: `lateMessage`. */
  readonly idleMessage?: string;
}

/** A key and the caller that requested it. */
export interface Call<K> {
  readonly key: K;
  readonly caller: Caller;
}

/** A call in the queue. `resolve` and `reject` remove it from the queue, even if its caller was rejected at the deadline. */
export interface QueuedCall<K, V> extends Call<K> {
  /** `expired`: the call was rejected as not started, so it must not run. */
  state: 'queued' | 'running' | 'expired';
  /** Rejects a queued call as not started. */
  readonly expire: (cause: RequestError) => void;
  readonly resolve: (value: V) => void;
  readonly reject: (cause: unknown) => void;
}

export interface QueuedCallOptions<K> extends QueueMessages {
  /** Whether a started call is waiting while no work of it is in progress. */
  readonly isIdle?: (key: K) => boolean;
}

/** How a call reaches its caller. */
interface Settling<V> {
  readonly resolve: (value: V) => void;
  readonly reject: (cause: unknown) => void;
  /** Called when the call leaves the queue. */
  readonly onSettled: () => void;
}

/** A queued call, whose caller is rejected at its deadline. */
export function createQueuedCall<K, V>(
  { key, caller }: Call<K>,
  options: QueuedCallOptions<K>,
  { resolve, reject, onSettled }: Settling<V>,
): QueuedCall<K, V> {
  const expire = (cause: RequestError) => {
    entry.state = 'expired';
    clearTimeout(timer);
    reject(cause);
  };
  const onDeadline = () => {
    if (entry.state === 'queued') expire(notRun(options, caller));
    else reject(tooLate(options, options.isIdle?.(key) ?? false));
  };
  const timer = setTimeout(onDeadline, Math.max(0, caller.deadline - performance.now()));
  const after =
    <T>(settleCaller: (outcome: T) => void) =>
    (outcome: T) => {
      clearTimeout(timer);
      onSettled();
      settleCaller(outcome); // without effect after the deadline
    };
  const entry: QueuedCall<K, V> = {
    key,
    caller,
    state: 'queued',
    expire,
    resolve: after(resolve),
    reject: after(reject),
  };
  return entry;
}

/** The error for a call while the lanes are stalled. */
export function stalled(what: string): RequestError {
  const message = `The ${what} was not started: the database has not answered the ${what}s before it. Retry later.`;
  return new RequestError('OVERLOADED', message);
}

/** The error for a call that was dropped from the queue without running. */
export function notRun({ what, unstartedMessage }: QueueMessages, { signal }: Caller): RequestError {
  return signal.aborted
    ? new RequestError('CANCELLED', `The ${what} was not started: the client has disconnected.`)
    : new RequestError('SERVICE_UNAVAILABLE', unstartedMessage);
}

/** The error for a call whose deadline passed while its batch was running. */
function tooLate(
  { lateMessage, lateDetails = {}, idleMessage = lateMessage }: QueueMessages,
  isIdle: boolean,
): RequestError {
  if (isIdle) return new RequestError('SERVICE_UNAVAILABLE', idleMessage);
  return new RequestError('SERVICE_UNAVAILABLE', lateMessage, { details: lateDetails });
}
