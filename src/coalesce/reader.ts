import DataLoader from 'dataloader';
import type { Caller } from '../orders/interfaces/caller.js';
import type { Lanes } from '../orders/interfaces/lanes.js';
import type { CoalescedReader, OrderReader } from '../orders/interfaces/order-reader.js';
import { createCoalescer } from './coalescer.js';
import { createLanes } from './lanes.js';

export interface ReadBounds {
  readonly lanes: number;
  readonly maxKeys: number;
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
}

/** Gives each request its own view; underneath, all requests' look-ups share the same batches. */
export type ReaderFor = (caller: Caller) => CoalescedReader;

/** Coalesces the reads of the whole process, and within a request asks for nothing twice. */
export function coalesceReads(reader: OrderReader, bounds: ReadBounds): ReaderFor {
  const lanes = createLanes(bounds.lanes);
  const of = <K, V>(read: (keys: readonly K[]) => Promise<(V | Error)[]>) => shared(read, lanes, bounds);
  const orders = of(reader.orders);
  const known = of(reader.known);
  const commands = of(reader.commands);
  const items = of(reader.items);
  const ranges = of(reader.ranges);
  const counts = shared(reader.counts, lanes, bounds, COUNT_TOO_LATE);
  const customers = of(reader.customers);
  const numbers = of(reader.numbers);
  const references = of(reader.references);
  const events = of(reader.events);
  const stats = of(reader.stats);
  const statsSpans = of(reader.statsSpans);
  const statsSeries = of(reader.statsSeries);

  return (caller) => {
    const order = perRequest(orders, caller);
    const itemsOf = perRequest(items, caller);
    const customer = perRequest(customers, caller);
    return {
      order: (id) => order.load(id),
      isKnown: (id) => known.load(id, caller),
      isCommandKnown: (key) => commands.load(key, caller),
      items: (orderId) => itemsOf.load(orderId),
      customer: (customerId) => customer.load(customerId),
      range: (range) => ranges.load(range, caller),
      count: (request) => counts.load(request, caller),
      idOfNumber: (number) => numbers.load(number, caller),
      idOfReference: (key) => references.load(key, caller),
      events: (range) => events.load(range, caller),
      stats: (key) => stats.load(key, caller),
      statsSpan: (key) => statsSpans.load(key, caller),
      statsSeries: (key) => statsSeries.load(key, caller),
    };
  };
}

const READ_TOO_LATE = 'The read did not finish before the deadline of the request.';
const COUNT_TOO_LATE =
  'The count did not finish before the deadline of the request. Narrow `where`, or use `count` with a smaller limit.';

/** A key and its text, by which equal keys are told and weighed. */
interface NamedKey<K> {
  readonly key: K;
  readonly name: string;
}

/** About what a waiting call holds besides the text of its key. */
const CALL_BYTES = 200;

interface SharedReads<K, V> {
  load(key: K, caller: Caller): Promise<V>;
}

/** One coalescer for a kind of read; equal keys of a batch are read once. */
function shared<K, V>(
  read: (keys: readonly K[]) => Promise<(V | Error)[]>,
  lanes: Lanes,
  { maxKeys, maxQueued, maxQueuedBytes }: ReadBounds,
  lateMessage = READ_TOO_LATE,
): SharedReads<K, V> {
  const coalescer = createCoalescer<NamedKey<K>, V>({
    what: 'read',
    lanes,
    maxBatch: maxKeys,
    maxQueued,
    maxQueuedBytes,
    weigh: ({ name }) => CALL_BYTES + name.length,
    unstartedMessage: 'The read was not started: the deadline of the request has passed.',
    lateMessage,
    run: async (calls) => {
      const distinct = new Map(calls.map(({ key: { name, key } }) => [name, key]));
      const values = await read([...distinct.values()]);
      const byName = new Map([...distinct.keys()].map((name, index) => [name, values[index] as V | Error]));
      return calls.map(({ key: { name } }) => byName.get(name) as V | Error);
    },
  });
  return {
    load: (key, caller) => coalescer.load({ key, name: typeof key === 'string' ? key : JSON.stringify(key) }, caller),
  };
}

/** The field's convention: a DataLoader a request, whose batches end in the process-wide coalescer. */
function perRequest<V>(reads: SharedReads<string, V>, caller: Caller): DataLoader<string, V> {
  return new DataLoader<string, V>(async (keys) => {
    const answers = await Promise.allSettled(keys.map((key) => reads.load(key, caller)));
    return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : toError(answer.reason)));
  });
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('A read failed.', { cause: reason });
}
