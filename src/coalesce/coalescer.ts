import DataLoader from 'dataloader';
import { RequestError } from '../domain/errors.js';
import { isOver } from '../orders/interfaces/caller.js';
import type { Caller } from '../orders/interfaces/caller.js';
import type { Lanes } from '../orders/interfaces/lanes.js';

/** How a call is spoken of that was not answered in time. */
interface Words {
  /** For messages: "read", "write". */
  readonly what: string;
  /** The answer to a caller whose deadline passes before its batch begins, and while its batch is under way. */
  readonly unstartedMessage: string;
  readonly lateMessage: string;
  readonly lateDetails?: Readonly<Record<string, unknown>>;
}

export interface CoalescerOptions<K, V> extends Words {
  readonly lanes: Lanes;
  /** The most keys one batch holds. */
  readonly maxBatch: number;
  /** How much may wait or be under way; beyond it callers are rejected at once. */
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
  /** About how many bytes a key holds while it waits. */
  readonly weigh: (key: K) => number;
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

interface Entry<K> extends Call<K> {
  /** `left` once its caller has been told that nothing was done: from then on it must not be run. */
  state: 'waiting' | 'running' | 'left';
}

/**
 * Turns single calls into batches. Calls that arrive while every lane is busy join the next batch; nothing is cached,
 * so every answer is as fresh as its batch. A call whose caller has gone or whose deadline has passed leaves the queue
 * without being run.
 */
export function createCoalescer<K, V>(options: CoalescerOptions<K, V>): Coalescer<K, V> {
  const { what, lanes, maxBatch, maxQueued, maxQueuedBytes, weigh, run } = options;
  let queued = 0;
  let queuedBytes = 0;
  let idlers: (() => void)[] = [];
  let release: (() => void) | null = null;

  const loader = new DataLoader<Entry<K>, V>(runBatch as (entries: readonly Entry<K>[]) => Promise<(V | Error)[]>, {
    cache: false,
    maxBatchSize: maxBatch,
    batchScheduleFn: (dispatch) => {
      lanes.enter((done) => {
        release = done;
        dispatch(); // calls runBatch before it returns
      });
    },
  });

  async function runBatch(entries: readonly Entry<K>[]): Promise<Answer<V>[]> {
    const done = release;
    release = null;
    try {
      const live = entries.filter((entry) => entry.state === 'waiting' && !isOver(entry.caller));
      for (const entry of live) entry.state = 'running';
      const answers = live.length === 0 ? [] : await run(live);
      if (answers.length !== live.length) throw new Error(`${answers.length} answers to ${live.length} keys`);
      let next = 0; // answers may be null, so they are told from what was not run by the entry, not by their value
      return entries.map((entry) =>
        entry.state === 'running' ? (answers[next++] as Answer<V>) : notRun(options, entry.caller),
      );
    } finally {
      done?.();
    }
  }

  function leave(bytes: number): void {
    queued -= 1;
    queuedBytes -= bytes;
    if (queued > 0) return;
    for (const resolve of idlers) resolve();
    idlers = [];
  }

  async function load(key: K, caller: Caller): Promise<V> {
    if (isOver(caller)) throw notRun(options, caller);
    const bytes = weigh(key);
    if (queued >= maxQueued || queuedBytes + bytes > maxQueuedBytes) {
      const message = `The ${what} was not started: too many ${what}s are waiting. Retry later.`;
      throw new RequestError('OVERLOADED', message);
    }
    queued += 1;
    queuedBytes += bytes;
    const entry: Entry<K> = { key, caller, state: 'waiting' };
    const answer = loader.load(entry).finally(() => leave(bytes));
    return beforeDeadline(answer, caller, () => {
      if (entry.state === 'running') return tooLate(options);
      entry.state = 'left';
      return notRun(options, caller);
    });
  }

  return {
    load,
    idle: () => (queued === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
  };
}

/** The answer to a caller whose call left the queue without being run. */
function notRun({ what, unstartedMessage }: Words, { signal }: Caller): RequestError {
  return signal.aborted
    ? new RequestError('CANCELLED', `The ${what} was not started: the client has disconnected.`)
    : new RequestError('SERVICE_UNAVAILABLE', unstartedMessage);
}

/** The answer to a caller whose deadline passed while its batch was under way. */
function tooLate({ lateMessage, lateDetails = {} }: Words): RequestError {
  return new RequestError('SERVICE_UNAVAILABLE', lateMessage, { details: lateDetails });
}

/** The answer, or `late()` as soon as the deadline passes. What comes after the deadline is dropped. */
async function beforeDeadline<V>(answer: Promise<V>, { deadline }: Caller, late: () => Error): Promise<V> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), Math.max(0, deadline - performance.now()));
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
