import { RequestError } from '../domain/errors.js';
import { isAbandoned } from '../orders/interfaces/caller.js';
import type { Caller } from '../orders/interfaces/caller.js';
import type { Lanes } from '../orders/interfaces/lanes.js';
import { createBatchQueue } from './batch-queue.js';
import {
  createQueuedCall,
  notRun,
  stalled,
  type Call,
  type QueuedCall,
  type QueuedCallOptions,
} from './queued-call.js';

export interface CoalescerOptions<K, V> extends QueuedCallOptions<K> {
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

export type CallResult<V> = V | Error | Promise<V>;

/**
 * Combines single calls into batches. Calls that arrive while every lane is busy join the next batch. Nothing is cached:
 * every result is as recent as its batch. A call is dropped from the queue without running if its client has disconnected
 * or its deadline has passed.
 */
export function createCoalescer<K, V>(options: CoalescerOptions<K, V>): Coalescer<K, V> {
  const { what, lanes, groupOf = () => '', maxQueued, maxQueuedBytes, weigh, run } = options;
  const { maxBatch, maxBatchOf = () => maxBatch, sizeOf = () => 1 } = options;
  let queued = 0;
  let queuedBytes = 0;
  let idlers: (() => void)[] = [];

  const queue = createBatchQueue<QueuedCall<K, V>>({
    lanes,
    maxBatchOf: ({ key }) => maxBatchOf(key),
    sizeOf: ({ key }) => sizeOf(key),
    groupOf: ({ key }) => groupOf(key),
    run: runBatch,
  });

  lanes.onStall(() => {
    for (const entry of queue.waiting()) if (entry.state === 'queued') entry.expire(stalled(what));
  });

  async function runBatch(entries: readonly QueuedCall<K, V>[]): Promise<void> {
    const live: QueuedCall<K, V>[] = [];
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
      queue.add(createQueuedCall({ key, caller }, options, { resolve, reject, onSettled: () => dequeue(size, bytes) }));
    });
  }

  async function load(key: K, caller: Caller): Promise<V> {
    if (isAbandoned(caller)) throw notRun(options, caller);
    if (lanes.isStalled()) throw stalled(what);
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

function settle<V>({ resolve, reject }: QueuedCall<unknown, V>, result: CallResult<V>): void {
  if (result instanceof Error) reject(result);
  else if (result instanceof Promise) result.then(resolve, reject);
  else resolve(result);
}
