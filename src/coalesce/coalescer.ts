import { RequestError } from '../domain/errors.js';
import { isAbandoned } from '../orders/interfaces/caller.js';
import type { Caller } from '../orders/interfaces/caller.js';
import type { Lanes } from '../orders/interfaces/lanes.js';
import { createBatchQueue } from './batch-queue.js';

/** The messages for calls that are rejected or do not finish before their deadline. */
interface CoalescerMessages {
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

export interface CoalescerOptions<K, V> extends CoalescerMessages {
  readonly lanes: Lanes;
  /** Only keys of one group share a batch. Default: all keys are in one group. */
  readonly groupOf?: (key: K) => string;
  /** Maximum size of a batch. */
  readonly maxBatch: number;
  /** The same for batches of some groups. Default: `maxBatch`. */
  readonly maxBatchOf?: (key: K) => number;
  /** Share of a key in `maxBatch` and `maxQueued`. Default: 1. */
  readonly sizeOf?: (key: K) => number;
  /** Maximum of the calls that are queued or running. Calls beyond it are rejected immediately. */
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
  /** Approximate size of a queued key in bytes. */
  readonly weigh: (key: K) => number;
  /** Whether a started call is waiting while no work of it is in progress. */
  readonly isIdle?: (key: K) => boolean;
  /**
   * Runs one batch and returns a value, an Error or a promise for each call, in the sequence of the calls. The lane is
   * released when this resolves; the returned promises may settle later. A rejection fails every call.
   */
  readonly run: (calls: readonly Call<K>[]) => Promise<readonly CallResult<V>[]>;
}

export interface Coalescer<K, V> {
  load(key: K, caller: Caller): Promise<V>;
  /** The size of the calls that are queued or running. */
  depth(): number;
  /** Resolves when no call is queued or running. */
  idle(): Promise<void>;
}

/** A key and the caller that requested it. */
export interface Call<K> {
  readonly key: K;
  readonly caller: Caller;
}

export type CallResult<V> = V | Error | Promise<V>;

/** A call in the queue. `resolve` and `reject` remove it from the queue, even if its caller was rejected at the deadline. */
interface Entry<K, V> extends Call<K> {
  /** `expired`: the call was rejected at its deadline as not started, so it must not run. */
  state: 'queued' | 'running' | 'expired';
  readonly resolve: (value: V) => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * Combines single calls into batches. Calls that arrive while every lane is busy join the next batch. Nothing is cached:
 * every result is as recent as its batch. A call is dropped from the queue without running if its client has disconnected
 * or its deadline has passed.
 */
export function createCoalescer<K, V>(options: CoalescerOptions<K, V>): Coalescer<K, V> {
  const { what, lanes, groupOf = () => '', maxQueued, maxQueuedBytes, weigh, isIdle, run } = options;
  const { maxBatch, maxBatchOf = () => maxBatch, sizeOf = () => 1 } = options;
  let queued = 0;
  let queuedBytes = 0;
  let idlers: (() => void)[] = [];

  const addToBatch = createBatchQueue<Entry<K, V>>({
    lanes,
    maxBatchOf: ({ key }) => maxBatchOf(key),
    sizeOf: ({ key }) => sizeOf(key),
    groupOf: ({ key }) => groupOf(key),
    run: runBatch,
  });

  async function runBatch(entries: readonly Entry<K, V>[]): Promise<void> {
    const live: Entry<K, V>[] = [];
    for (const entry of entries) {
      if (entry.state === 'expired' || isAbandoned(entry.caller)) entry.reject(notRun(options, entry.caller));
      else live.push(entry);
    }
    if (live.length === 0) return;
    for (const entry of live) entry.state = 'running';
    try {
      const results = await run(live);
      if (results.length !== live.length) throw new Error(`${results.length} results for ${live.length} keys`);
      for (const [index, entry] of live.entries()) settle(entry, results[index] as CallResult<V>);
    } catch (cause) {
      for (const entry of live) entry.reject(cause);
    }
  }

  function dequeue(size: number, bytes: number): void {
    queued -= size;
    queuedBytes -= bytes;
    if (queued > 0) return;
    for (const resolve of idlers) resolve();
    idlers = [];
  }

  function enqueue(key: K, caller: Caller, size: number, bytes: number): Promise<V> {
    queued += size;
    queuedBytes += bytes;
    return new Promise((resolve, reject) => {
      const onDeadline = () => {
        if (entry.state === 'queued') entry.state = 'expired';
        if (entry.state !== 'running') reject(notRun(options, caller));
        else reject(tooLate(options, isIdle?.(key) ?? false));
      };
      const timer = setTimeout(onDeadline, Math.max(0, caller.deadline - performance.now()));
      const after =
        <T>(settleCaller: (outcome: T) => void) =>
        (outcome: T) => {
          clearTimeout(timer);
          dequeue(size, bytes);
          settleCaller(outcome); // without effect after the deadline
        };
      const entry: Entry<K, V> = { key, caller, state: 'queued', resolve: after(resolve), reject: after(reject) };
      addToBatch(entry);
    });
  }

  async function load(key: K, caller: Caller): Promise<V> {
    if (isAbandoned(caller)) throw notRun(options, caller);
    const [size, bytes] = [sizeOf(key), weigh(key)];
    if (queued + size <= maxQueued && queuedBytes + bytes <= maxQueuedBytes) return enqueue(key, caller, size, bytes);
    const message = `The ${what} was not started: too many ${what}s are waiting. Retry later.`;
    throw new RequestError('OVERLOADED', message);
  }

  return {
    load,
    depth: () => queued,
    idle: () => (queued === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
  };
}

function settle<V>({ resolve, reject }: Entry<unknown, V>, result: CallResult<V>): void {
  if (result instanceof Error) reject(result);
  else if (result instanceof Promise) result.then(resolve, reject);
  else resolve(result);
}

/** The error for a call that was dropped from the queue without running. */
function notRun({ what, unstartedMessage }: CoalescerMessages, { signal }: Caller): RequestError {
  return signal.aborted
    ? new RequestError('CANCELLED', `The ${what} was not started: the client has disconnected.`)
    : new RequestError('SERVICE_UNAVAILABLE', unstartedMessage);
}

/** The error for a call whose deadline passed while its batch was running. */
function tooLate(
  { lateMessage, lateDetails = {}, idleMessage = lateMessage }: CoalescerMessages,
  isIdle: boolean,
): RequestError {
  if (isIdle) return new RequestError('SERVICE_UNAVAILABLE', idleMessage);
  return new RequestError('SERVICE_UNAVAILABLE', lateMessage, { details: lateDetails });
}
