import DataLoader from 'dataloader';
import { toError } from '../domain/to-error.js';
import type { Caller } from '../orders/interfaces/caller.js';
import type { Lanes } from '../orders/interfaces/lanes.js';
import type { BatchOrderReader, BatchRead, KeyName, OrderReader } from '../orders/interfaces/order-reader.js';
import { createCoalescer } from './coalescer.js';
import { createLanes } from './lanes.js';

export interface ReadBounds {
  readonly lanes: number;
  /** Lanes of counts and statistics, which look at many rows. */
  readonly expensiveLanes: number;
  readonly maxKeys: number;
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
}

/** Gives each request its own reader; underneath, the reads of all requests share the same batches. */
export type ReaderFor = (caller: Caller) => OrderReader;

/** A read of one key for one caller. */
type SharedRead<K, V> = (key: K, caller: Caller) => Promise<V>;

/** Coalesces the reads of the whole process. Within a request, an order, its items and a customer are read once. */
export function coalesceReads(reader: BatchOrderReader, bounds: ReadBounds): ReaderFor {
  const lanes = createLanes(bounds.lanes);
  const expensive = createLanes(bounds.expensiveLanes);
  const order = share(reader.order, lanes, bounds);
  const items = share(reader.items, lanes, bounds);
  const customer = share(reader.customer, lanes, bounds);
  const isKnown = share(reader.isKnown, lanes, bounds);
  const isCommandKnown = share(reader.isCommandKnown, lanes, bounds);
  const range = share(reader.range, lanes, bounds);
  const shortCount = share(reader.count, lanes, bounds, COUNT_TOO_LATE);
  const longCount = share(reader.count, expensive, bounds, COUNT_TOO_LATE);
  const idOfNumber = share(reader.idOfNumber, lanes, bounds);
  const idOfReference = share(reader.idOfReference, lanes, bounds);
  const events = share(reader.events, lanes, bounds);
  const stats = share(reader.stats, expensive, bounds);
  const statsSpan = share(reader.statsSpan, expensive, bounds);
  const statsSeries = share(reader.statsSeries, expensive, bounds);

  return (caller) => ({
    order: perRequest(order, caller),
    items: perRequest(items, caller),
    customer: perRequest(customer, caller),
    isKnown: (id) => isKnown(id, caller),
    isCommandKnown: (key) => isCommandKnown(key, caller),
    range: (key) => range(key, caller),
    count: (request) => {
      const isShort = request.limit !== null && request.limit <= SHORT_COUNT;
      return (isShort ? shortCount : longCount)(request, caller);
    },
    idOfNumber: (number) => idOfNumber(number, caller),
    idOfReference: (key) => idOfReference(key, caller),
    events: (key) => events(key, caller),
    stats: (key) => stats(key, caller),
    statsSpan: (key) => statsSpan(key, caller),
    statsSeries: (key) => statsSeries(key, caller),
  });
}

/** A bounded count up to here, which is the default of the API, does not wait behind exact counts. */
const SHORT_COUNT = 10_001;

const READ_TOO_LATE = 'The read did not finish before the deadline of the request.';
const COUNT_TOO_LATE =
  'The count did not finish before the deadline of the request. Narrow `where`, or use `count` with a smaller limit.';

/** About what a waiting call holds besides the name of its key. */
const CALL_BYTES = 200;

/**
 * One coalescer for a kind of read. A batch is one statement: keys of another shape wait for a lane of their own, so each
 * caller is answered as soon as its own rows are there. Equal keys of a batch are read once.
 */
function share<K, V>(
  { nameOf, read }: BatchRead<K, V>,
  lanes: Lanes,
  { maxKeys, maxQueued, maxQueuedBytes }: ReadBounds,
  lateMessage = READ_TOO_LATE,
): SharedRead<K, V> {
  const coalescer = createCoalescer<{ readonly key: K; readonly name: KeyName }, V>({
    what: 'read',
    lanes,
    groupOf: ({ name }) => name.shape,
    maxBatch: maxKeys,
    maxQueued,
    maxQueuedBytes,
    weigh: ({ name }) => CALL_BYTES + name.shape.length + name.member.length,
    unstartedMessage: 'The read was not started: the deadline of the request has passed.',
    lateMessage,
    run: async (calls) => {
      const distinct = new Map(calls.map(({ key: { name, key } }) => [name.member, key]));
      const values = await read([...distinct.values()]);
      if (values.length !== distinct.size) throw new Error(`${values.length} values for ${distinct.size} keys`);
      const byMember = new Map([...distinct.keys()].map((member, index) => [member, values[index] as V]));
      return calls.map(({ key: { name } }) => byMember.get(name.member) as V);
    },
  });
  return (key, caller) => coalescer.load({ key, name: nameOf(key) }, caller);
}

/** A DataLoader for each request that reads, whose batches end in the process-wide coalescer. */
function perRequest<V>(read: SharedRead<string, V>, caller: Caller): (key: string) => Promise<V> {
  let loader: DataLoader<string, V> | undefined;
  const readAll = async (keys: readonly string[]) => {
    const answers = await Promise.allSettled(keys.map((key) => read(key, caller)));
    return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : toError(answer.reason)));
  };
  return (key) => (loader ??= new DataLoader<string, V>(readAll)).load(key);
}
