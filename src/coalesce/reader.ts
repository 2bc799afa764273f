import DataLoader from 'dataloader';
import { RequestError } from '../domain/errors.js';
import { toError } from '../domain/to-error.js';
import type { Caller } from '../orders/interfaces/caller.js';
import type { Lanes } from '../orders/interfaces/lanes.js';
import type { BatchOrderReader, BatchRead, OrderReader } from '../orders/interfaces/order-reader.js';
import { watchCallers } from './abandonment.js';
import type { BatchObserver } from './batch-observer.js';
import { createCoalescer } from './coalescer.js';
import { createLanes } from './lanes.js';

export interface ReadBounds {
  readonly lanes: number;
  /** Time without an ended batch after which queued reads are rejected. Not for counts, statistics and the event log. */
  readonly stallMs: number;
  /** Lanes of counts and statistics, which read many rows. */
  readonly expensiveLanes: number;
  readonly maxKeys: number;
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
}

/** Creates the reader of a request. The reads of all requests share the same batches. */
export type ReaderFor = (caller: Caller) => OrderReader;

/** A read of keys of one shape for one caller: a value for each, in their order. */
type SharedRead<K, V> = (keys: readonly K[], caller: Caller) => Promise<readonly V[]>;

/** Coalesces the reads of the whole process. Within a request, an order, its items and a customer are read once. */
export function coalesceReads(reader: BatchOrderReader, bounds: ReadBounds, observer?: BatchObserver): ReaderFor {
  const share = <K, V>(kind: string, read: BatchRead<K, V>, lanes: Lanes, lateMessage = READ_TOO_LATE) =>
    shareRead(read, { ...bounds, kind, lanes, lateMessage, observer });
  const lanes = createLanes(bounds.lanes, bounds.stallMs);
  const expensive = createLanes(bounds.expensiveLanes);
  const logLanes = createLanes(LOG_LANES);
  const order = share('order', reader.order, lanes);
  const items = share('items', reader.items, lanes);
  const customer = share('customer', reader.customer, lanes);
  const idsOfCustomer = share('idsOfCustomer', reader.idsOfCustomer, lanes);
  const isKnown = share('isKnown', reader.isKnown, lanes);
  const isCommandKnown = share('isCommandKnown', reader.isCommandKnown, lanes);
  const range = share('range', reader.range, lanes);
  const shortCount = share('shortCount', reader.count, lanes, COUNT_TOO_LATE);
  const longCount = share('longCount', reader.count, expensive, COUNT_TOO_LATE);
  const idOfNumber = share('idOfNumber', reader.idOfNumber, lanes);
  const idOfReference = share('idOfReference', reader.idOfReference, lanes);
  const events = share('events', reader.events, lanes);
  const eventPage = share('eventPage', reader.eventPage, logLanes);
  const replayPage = share('replayPage', reader.eventPage, createLanes(REPLAY_LANES));
  const startPoint = share('startPoint', reader.startPoint, withPauses(createLanes(1), START_PAUSE_MS));
  const latestEvents = share('latestEvents', reader.latestEvents, logLanes);
  const stats = share('stats', reader.stats, expensive);
  const statsSpan = share('statsSpan', reader.statsSpan, expensive);
  const statsSeries = share('statsSeries', reader.statsSeries, expensive);

  return (caller) => {
    const one = async <K, V>(read: SharedRead<K, V>, key: K) => (await read([key], caller))[0] as V;
    const { load: loadItems, prime: primeItems, prefetch: prefetchItems } = prefetchable(items, caller);
    return {
      order: oncePerRequest(order, caller),
      items: loadItems,
      primeItems,
      prefetchItems: async (ids) =>
        (await prefetchItems(ids)).map((found) => (found instanceof Error ? 0 : found.length)),
      customer: oncePerRequest(customer, caller),
      idsOfCustomer: (key) => one(idsOfCustomer, key),
      isKnown: (id) => one(isKnown, id),
      isCommandKnown: (key) => one(isCommandKnown, key),
      range: (key) => one(range, key),
      count: (request) => {
        const isShort = request.limit !== null && request.limit <= SHORT_COUNT;
        return one(isShort ? shortCount : longCount, request);
      },
      idOfNumber: (number) => one(idOfNumber, number),
      idOfReference: (key) => one(idOfReference, key),
      events: (key) => one(events, key),
      eventPage: (key) => one(eventPage, key),
      replayPage: (key) => one(replayPage, key),
      startPoint: (limit) => one(startPoint, limit),
      latestEvents: (filter) => one(latestEvents, filter),
      stats: (key) => one(stats, key),
      statsSpan: (key) => one(statsSpan, key),
      statsSeries: (key) => one(statsSeries, key),
    };
  };
}

/** Lanes of pages of the event log: many subscriptions that start at once do not delay other reads. */
const LOG_LANES = 1;
/** Lanes of the later pages of replays. A replay with a filter that matches little scans the whole log. */
const REPLAY_LANES = 1;

/** Pause after each read of the start of subscriptions, so that many subscriptions at once share few reads. */
const START_PAUSE_MS = 20;

function withPauses(lanes: Lanes, pauseMs: number): Lanes {
  return { ...lanes, enter: (start) => lanes.enter((release) => start(() => setTimeout(release, pauseMs))) };
}

/** A count with at most this limit, which the default of the API has, does not queue behind exact counts. */
const SHORT_COUNT = 10_001;

const READ_TOO_LATE = 'The read did not finish before the deadline of the request.';
const COUNT_TOO_LATE =
  'The count did not finish before the deadline of the request. Narrow `where`, or use `count` with a smaller limit.';

/** Approximate size of a queued call without the name of its key. */
const CALL_BYTES = 200;

/** For reads that are not cancellable. */
const NEVER = new AbortController().signal;

/** The keys of one call, all of one shape. */
interface CalledKeys<K> {
  readonly keys: readonly K[];
  readonly shape: string;
  readonly members: readonly string[];
}

interface SharedReadOptions extends Omit<ReadBounds, 'lanes'> {
  readonly kind: string;
  readonly lanes: Lanes;
  readonly lateMessage: string;
  readonly observer: BatchObserver | undefined;
}

/**
 * One coalescer for each kind of read. A batch is one statement, so keys of different shapes use separate lanes, and each
 * caller gets its rows as soon as its own statement ends. Equal keys in a batch are read once.
 */
function shareRead<K, V>(
  { nameOf, read, maxKeysOf, isCancellable = false }: BatchRead<K, V>,
  { kind, lanes, maxKeys, maxQueued, maxQueuedBytes, lateMessage, observer }: SharedReadOptions,
): SharedRead<K, V> {
  const coalescer = createCoalescer<CalledKeys<K>, readonly V[]>({
    what: 'read',
    lanes,
    groupOf: ({ shape }) => shape,
    maxBatch: maxKeys,
    maxBatchOf: ({ keys: [key] }) => Math.min(maxKeys, key === undefined ? maxKeys : (maxKeysOf?.(key) ?? maxKeys)),
    sizeOf: ({ keys }) => keys.length,
    maxQueued,
    maxQueuedBytes,
    weigh: ({ shape, members }) => members.reduce((sum, { length }) => sum + CALL_BYTES + shape.length + length, 0),
    unstartedMessage: 'The read was not started: the deadline of the request has passed.',
    lateMessage,
    run: async (calls) => {
      const distinct = new Map<string, K>();
      for (const { key } of calls) {
        for (const [index, member] of key.members.entries()) distinct.set(member, key.keys[index] as K);
      }
      using watch = isCancellable ? watchCallers(calls.map(({ caller }) => caller)) : null;
      const runRead = () => read([...distinct.values()], watch?.signal ?? NEVER);
      const values = await (observer === undefined
        ? runRead()
        : observer.run({ kind, size: distinct.size, callers: calls.map(({ caller }) => caller) }, runRead));
      if (values.length !== distinct.size) throw new Error(`${values.length} values for ${distinct.size} keys`);
      const byMember = new Map([...distinct.keys()].map((member, index) => [member, values[index] as V]));
      return calls.map(({ key }) => key.members.map((member) => byMember.get(member) as V));
    },
  });
  observer?.queue(kind, () => coalescer.depth());
  const load = (keys: readonly K[], caller: Caller) => {
    const names = keys.map(nameOf);
    return coalescer.load({ keys, shape: names[0]?.shape ?? '', members: names.map(({ member }) => member) }, caller);
  };
  return async (keys, caller) => {
    if (keys.length <= maxKeys) return load(keys, caller);
    const parts = Array.from({ length: Math.ceil(keys.length / maxKeys) }, (_, part) =>
      load(keys.slice(part * maxKeys, (part + 1) * maxKeys), caller),
    );
    return (await Promise.all(parts)).flat();
  };
}

/** A DataLoader for each request, created on the first read. It loads from the coalescer of the process. */
function oncePerRequest<V>(read: SharedRead<string, V>, caller: Caller): (key: string) => Promise<V> {
  let loader: DataLoader<string, V> | undefined;
  return (key) => (loader ??= new DataLoader<string, V>((keys) => readAll(read, keys, caller))).load(key);
}

/** Reads keys by one call. If the queue has no room for all of them, each is a call, so that as many as fit are read. */
async function readAll<K, V>(
  read: SharedRead<K, V>,
  keys: readonly K[],
  caller: Caller,
): Promise<readonly (V | Error)[]> {
  try {
    return await read(keys, caller);
  } catch (cause) {
    const isOverload = cause instanceof RequestError && cause.code === 'OVERLOADED';
    if (!isOverload || keys.length === 1) return keys.map(() => toError(cause));
    const results = await Promise.allSettled(keys.map((key) => read([key], caller)));
    return results.map((result) => (result.status === 'fulfilled' ? (result.value[0] as V) : toError(result.reason)));
  }
}

interface PrefetchableRead<V> {
  /** A value that has been prefetched is returned itself, without a promise. */
  readonly load: (key: string) => V | Promise<V>;
  /** Keeps a value that is known already. */
  readonly prime: (key: string, value: V) => void;
  /** Reads keys by one call. Never rejects: `load` fails for a key whose result here is an error. */
  readonly prefetch: (keys: readonly string[]) => Promise<readonly (V | Error)[]>;
}

/** The same for values that can be read before they are requested one by one. */
function prefetchable<V extends object>(read: SharedRead<string, V>, caller: Caller): PrefetchableRead<V> {
  const prefetched = new Map<string, V | Error>();
  const load = oncePerRequest(read, caller);
  return {
    load(key) {
      const result = prefetched.get(key);
      return result instanceof Error ? Promise.reject(result) : (result ?? load(key));
    },
    prime: (key, value) => void prefetched.set(key, value),
    async prefetch(keys) {
      const results = await readAll(read, keys, caller);
      for (const [index, key] of keys.entries()) prefetched.set(key, results[index] as V | Error);
      return results;
    },
  };
}
