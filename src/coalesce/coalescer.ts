import { RequestError } from '../domain/errors.js';
import { isOver } from '../orders/interfaces/caller.js';
import type { Caller } from '../orders/interfaces/caller.js';
import type { Lanes } from '../orders/interfaces/lanes.js';
import { createBatchQueue } from './batch-queue.js';

/** How a call is spoken of that was not answered in time. */
interface Words {
  /** For messages: "read", "write". */
  readonly what: string;
  /** The answer to a caller whose deadline passes before its batch begins, and while its batch is under way. */
  readonly unstartedMessage: string;
  readonly lateMessage: string;
  readonly lateDetails?: Readonly<Record<string, unknown>>;
  /** The answer to a caller whose deadline passes while its call is idle. */
  readonly idleMessage?: string;
}

export interface CoalescerOptions<K, V> extends Words {
  readonly lanes: Lanes;
  /** Only keys of one group share a batch; without it all keys do. */
  readonly groupOf?: (key: K) => string;
  /** The most keys one batch holds. */
  readonly maxBatch: number;
  /** How much may wait or be under way; beyond it callers are rejected at once. */
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
  /** About how many bytes a key holds while it waits. */
  readonly weigh: (key: K) => number;
  /** Whether a started call is waiting outside of a batch, so that nothing of it is running. */
  readonly isIdle?: (key: K) => boolean;
  /**
   * Runs one batch; answers a value, an Error or a promise for each call, in the calls' order. The lane is free again
   * when this resolves; what a promise stands for may take longer. A rejection fails every call.
   */
  readonly run: (calls: readonly Call<K>[]) => Promise<readonly Answer<V>[]>;
}

export interface Coalescer<K, V> {
  load(key: K, caller: Caller): Promise<V>;
  /** Resolves when nothing is queued or under way. */
  idle(): Promise<void>;
}

/** One caller's key, and how long it wants to wait. */
export interface Call<K> {
  readonly key: K;
  readonly caller: Caller;
}

export type Answer<V> = V | Error | Promise<V>;

/** A call in the queue. `resolve` or `reject` takes it out of the queue, whether or not its caller still waits. */
interface Entry<K, V> extends Call<K> {
  /** `left` once the caller got the answer that nothing was done: the call must not be run. */
  state: 'waiting' | 'running' | 'left';
  readonly resolve: (value: V) => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * Turns single calls into batches. Calls that arrive while every lane is busy join the next batch; nothing is cached,
 * so every answer is as fresh as its batch. A call whose caller has gone or whose deadline has passed leaves the queue
 * without being run.
 */
export function createCoalescer<K, V>(options: CoalescerOptions<K, V>): Coalescer<K, V> {
  const { what, lanes, groupOf = () => '', maxBatch, maxQueued, maxQueuedBytes, weigh, isIdle, run } = options;
  let queued = 0;
  let queuedBytes = 0;
  let idlers: (() => void)[] = [];

  const addToBatch = createBatchQueue<Entry<K, V>>({
    lanes,
    maxBatch,
    groupOf: ({ key }) => groupOf(key),
    run: runBatch,
  });

  async function runBatch(entries: readonly Entry<K, V>[]): Promise<void> {
    const live: Entry<K, V>[] = [];
    for (const entry of entries) {
      if (entry.state === 'left' || isOver(entry.caller)) entry.reject(notRun(options, entry.caller));
      else live.push(entry);
    }
    if (live.length === 0) return;
    for (const entry of live) entry.state = 'running';
    try {
      const answers = await run(live);
      if (answers.length !== live.length) throw new Error(`${answers.length} answers to ${live.length} keys`);
      for (const [index, entry] of live.entries()) settle(entry, answers[index] as Answer<V>);
    } catch (cause) {
      for (const entry of live) entry.reject(cause);
    }
  }

  function leave(bytes: number): void {
    queued -= 1;
    queuedBytes -= bytes;
    if (queued > 0) return;
    for (const resolve of idlers) resolve();
    idlers = [];
  }

  function enter(key: K, caller: Caller, bytes: number): Promise<V> {
    queued += 1;
    queuedBytes += bytes;
    return new Promise((resolve, reject) => {
      const onDeadline = () => {
        if (entry.state === 'waiting') entry.state = 'left';
        if (entry.state !== 'running') reject(notRun(options, caller));
        else reject(tooLate(options, isIdle?.(key) ?? false));
      };
      const timer = setTimeout(onDeadline, Math.max(0, caller.deadline - performance.now()));
      const after =
        <T>(settleCaller: (outcome: T) => void) =>
        (outcome: T) => {
          clearTimeout(timer);
          leave(bytes);
          settleCaller(outcome); // without effect after the deadline
        };
      const entry: Entry<K, V> = { key, caller, state: 'waiting', resolve: after(resolve), reject: after(reject) };
      addToBatch(entry);
    });
  }

  async function load(key: K, caller: Caller): Promise<V> {
    if (isOver(caller)) throw notRun(options, caller);
    const bytes = weigh(key);
    if (queued < maxQueued && queuedBytes + bytes <= maxQueuedBytes) return enter(key, caller, bytes);
    const message = `The ${what} was not started: too many ${what}s are waiting. Retry later.`;
    throw new RequestError('OVERLOADED', message);
  }

  return {
    load,
    idle: () => (queued === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
  };
}

function settle<V>({ resolve, reject }: Entry<unknown, V>, answer: Answer<V>): void {
  if (answer instanceof Error) reject(answer);
  else if (answer instanceof Promise) answer.then(resolve, reject);
  else resolve(answer);
}

/** The answer to a caller whose call left the queue without being run. */
function notRun({ what, unstartedMessage }: Words, { signal }: Caller): RequestError {
  return signal.aborted
    ? new RequestError('CANCELLED', `The ${what} was not started: the client has disconnected.`)
    : new RequestError('SERVICE_UNAVAILABLE', unstartedMessage);
}

/** The answer to a caller whose deadline passed while its batch was under way. */
function tooLate({ lateMessage, lateDetails = {}, idleMessage = lateMessage }: Words, isIdle: boolean): RequestError {
  if (isIdle) return new RequestError('SERVICE_UNAVAILABLE', idleMessage);
  return new RequestError('SERVICE_UNAVAILABLE', lateMessage, { details: lateDetails });
}
